namespace EventSourcing;

/// <summary>A state folded from events, and how far it goes.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="State">The state.</param>
/// <param name="Version">The version of the last event folded, 0 where there is none; for a fold over a query, the number of events folded.</param>
/// <param name="Position">The log's head when the fold was read: what a condition's <c>after</c> is to be.</param>
public readonly record struct LoadResult<TState>(TState State, long Version, GlobalPosition Position);
