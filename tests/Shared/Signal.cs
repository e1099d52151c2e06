using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Lets a test wait for a condition without polling: whatever may have made it true says so.</summary>
internal sealed class Signal
{
    /// <summary>After this long a test gives up: never reached where everything works, however slow the machine.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void Set() => Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    internal Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    internal async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var giveUp = new CancellationTokenSource(Patience);
        while (true)
        {
            // Taken before the look: what changes meanwhile is not missed.
            var changed = Volatile.Read(ref _changed).Task;
            if (await condition()) return;
            await changed.WaitAsync(giveUp.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.That(giveUp.IsCancellationRequested, Is.False, "waited too long");
        }
    }
}
