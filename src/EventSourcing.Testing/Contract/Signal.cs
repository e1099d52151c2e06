namespace EventSourcing.Testing.Contract;

/// <summary>Lets a case wait for a condition without polling: code that may have made it true sets the signal.</summary>
internal sealed class Signal
{
    /// <summary>The time after which a case fails. It is never reached when everything works, even on a slow machine.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Signals that a condition may have become true.</summary>
    internal void Set() => Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Completes when the condition is true. Evaluates it now and whenever the signal is set.</summary>
    internal Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    internal async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var giveUp = new CancellationTokenSource(Patience);
        while (true)
        {
            // Read before the condition is evaluated, so that a change in between is not missed.
            var changed = Volatile.Read(ref _changed).Task;
            if (await condition().ConfigureAwait(false)) return;
            await changed.WaitAsync(giveUp.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Expect.True(!giveUp.IsCancellationRequested, what);
        }
    }
}
