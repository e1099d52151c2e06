namespace EventSourcing.Internal;

/// <summary>Starts work that outlives its caller, without the caller's execution context. Otherwise the work would see the caller's values and keep them alive as long as it runs.</summary>
internal static class Uncaptured
{
    internal static Task Run(Func<Task> loop) => Begin(loop, static loop => Task.Run(loop, CancellationToken.None));

    internal static ITimer Timer(TimeProvider time, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Begin((time, callback, state, dueTime, period), static t => t.time.CreateTimer(t.callback, t.state, t.dueTime, t.period));

    private static T Begin<TState, T>(TState state, Func<TState, T> begin)
    {
        // Suppressing the flow twice is an error, and the caller may have suppressed it already.
        if (ExecutionContext.IsFlowSuppressed()) return begin(state);
        using (ExecutionContext.SuppressFlow()) return begin(state);
    }
}
