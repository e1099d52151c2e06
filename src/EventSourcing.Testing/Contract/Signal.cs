namespace EventSourcing.Testing.Contract;

/// <summary>Lets a case wait for a condition without polling: whatever may have made it true says so.</summary>
internal sealed class Signal
{
    /// <summary>After this long a case gives up: never reached where everything works, however slow the machine.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Says that a condition may have become true.</summary>
    internal void Set() => Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Completes when the condition is true; looks at it now and whenever the signal is set.</summary>
    internal Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    internal async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var giveUp = new CancellationTokenSource(Patience);
        while (true)
        {
            // Taken before the look: what changes meanwhile is not missed.
            var changed = Volatile.Read(ref _changed).Task;
            if (await condition().ConfigureAwait(false)) return;
            await changed.WaitAsync(giveUp.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Expect.True(!giveUp.IsCancellationRequested, what);
        }
    }
}
