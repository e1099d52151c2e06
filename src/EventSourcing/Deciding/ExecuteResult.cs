namespace EventSourcing;

/// <summary>The outcome of an execution. Immutable, as far as the state is.</summary>
/// <typeparam name="TState">The state.</typeparam>
public sealed record ExecuteResult<TState>
{
    /// <summary>For tests of what uses the outcome of an execution.</summary>
    /// <param name="state">The state.</param>
    /// <param name="streamVersion">The version of the stream; 0 for a query.</param>
    /// <param name="eventsRead">The number of stored events folded.</param>
    /// <param name="position">The position of the last event stored, or the log's head.</param>
    /// <param name="wasDuplicate">Whether the command had been executed before.</param>
    public ExecuteResult(TState state, long streamVersion, long eventsRead, GlobalPosition position, bool wasDuplicate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(streamVersion);
        ArgumentOutOfRangeException.ThrowIfNegative(eventsRead);
        (State, StreamVersion, EventsRead, Position, WasDuplicate) = (state, streamVersion, eventsRead, position, wasDuplicate);
    }

    /// <summary>The state after the decision's events; for a repeated command, the state after the events of the first execution.</summary>
    public TState State { get; }

    /// <summary>The version of the stream that was decided on, after the decision's events; where there are none, the version that was decided on. 0 for a decision over a query.</summary>
    public long StreamVersion { get; }

    /// <summary>The number of stored events that were folded into the state. Events that the decision itself stored are counted only where they were read back: for a repeated command.</summary>
    public long EventsRead { get; }

    /// <summary>The position of the last event stored; the log's head where the decision stored no event.</summary>
    public GlobalPosition Position { get; }

    /// <summary>True when the command had been executed before: nothing was decided now.</summary>
    public bool WasDuplicate { get; }
}
