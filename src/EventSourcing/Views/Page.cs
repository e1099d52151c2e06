namespace EventSourcing;

/// <summary>Some documents of a view, in order.</summary>
/// <typeparam name="TRow">The document.</typeparam>
public sealed record Page<TRow>
{
    /// <summary>A page of documents.</summary>
    /// <param name="rows">The documents; may be empty.</param>
    /// <param name="next">A cursor for the next page; null after the last one. An opaque text that may be kept and sent to a client: it stays valid while the view changes, and for another build of the same query.</param>
    /// <param name="position">The position of the log up to which the view had handled events.</param>
    public Page(IReadOnlyList<TRow> rows, string? next, GlobalPosition position) => (Rows, Next, Position) = (rows, next, position);

    /// <summary>The documents; may be empty.</summary>
    public IReadOnlyList<TRow> Rows { get; init; }

    /// <summary>A cursor for the next page; null after the last one. An opaque text that may be kept and sent to a client: it stays valid while the view changes, and for another build of the same query.</summary>
    public string? Next { get; init; }

    /// <summary>The position of the log up to which the view had handled events.</summary>
    public GlobalPosition Position { get; init; }
}
