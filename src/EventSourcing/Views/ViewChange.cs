namespace EventSourcing;

/// <summary>A change of one document of a view. Where several events changed the document between two writes of the view, they are one change.</summary>
/// <typeparam name="TRow">The document.</typeparam>
public sealed record ViewChange<TRow> where TRow : class
{
    /// <summary>A change.</summary>
    /// <param name="key">The document's key.</param>
    /// <param name="before">The document before the change; null where it was created.</param>
    /// <param name="after">The document after the change; null where it was removed.</param>
    /// <param name="position">The position of the last event that changed the document.</param>
    /// <param name="token">The place after this change.</param>
    public ViewChange(string key, TRow? before, TRow? after, GlobalPosition position, ViewChangeToken token) => (Key, Before, After, Position, Token) = (key, before, after, position, token);

    /// <summary>The document's key.</summary>
    public string Key { get; init; }

    /// <summary>The document before the change: the <see cref="After"/> of the change of this key before this one. Null where it was created.</summary>
    public TRow? Before { get; init; }

    /// <summary>The document after the change; null where it was removed.</summary>
    public TRow? After { get; init; }

    /// <summary>The position of the last event that changed the document. It may be lower than that of the change before this one, which may be of another document.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>The place after this change: <see cref="IView{TRow}.ChangesAsync"/> continues from it.</summary>
    public ViewChangeToken Token { get; init; }
}
