namespace EventSourcing;

/// <summary>Some documents of a view, in order.</summary>
/// <typeparam name="TRow">The document.</typeparam>
/// <param name="Rows">The documents; may be empty.</param>
/// <param name="Next">A cursor for the next page; null after the last one. An opaque text that may be kept and sent to a client: it stays valid while the view changes, and for another build of the same query.</param>
/// <param name="Position">The position of the log up to which the view had handled events.</param>
public sealed record Page<TRow>(IReadOnlyList<TRow> Rows, string? Next, GlobalPosition Position);
