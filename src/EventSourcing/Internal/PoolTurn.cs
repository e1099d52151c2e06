namespace EventSourcing.Internal;

/// <summary>How long a listener that never waits keeps its thread: pages and handlers may all complete at once, and others wait for the thread pool.</summary>
internal static class PoolTurn
{
    private const int Events = 128;

    /// <summary>True when it is the others' turn.</summary>
    /// <param name="handled">The number of events since the turn began, or any count that grows by one with each.</param>
    internal static bool IsOver(int handled) => handled % Events == 0 && ThreadPool.PendingWorkItemCount > 0;
}
