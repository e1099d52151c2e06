namespace EventSourcing;

/// <summary>A state folded from events, with the version and position that it includes. Immutable if the state is.</summary>
/// <typeparam name="TState">The state.</typeparam>
public sealed record LoadResult<TState>
{
    /// <summary>For stores, and for tests of code that uses a store.</summary>
    /// <param name="state">The state.</param>
    /// <param name="streamVersion">The version of the last event folded; 0 for a query.</param>
    /// <param name="eventsRead">The number of events folded.</param>
    /// <param name="position">The log's head when the fold was read.</param>
    public LoadResult(TState state, long streamVersion, long eventsRead, GlobalPosition position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(streamVersion);
        ArgumentOutOfRangeException.ThrowIfNegative(eventsRead);
        (State, StreamVersion, EventsRead, Position) = (state, streamVersion, eventsRead, position);
    }

    /// <summary>The state.</summary>
    public TState State { get; }

    /// <summary>The version of the stream that the state goes through: that of the last event folded, or the version that the fold began after when there is none; 0 for a stream without events. 0 for a query.</summary>
    public long StreamVersion { get; }

    /// <summary>The number of events folded.</summary>
    public long EventsRead { get; }

    /// <summary>The log's head when the fold was read: use it as a condition's <c>after</c>.</summary>
    public GlobalPosition Position { get; }
}
