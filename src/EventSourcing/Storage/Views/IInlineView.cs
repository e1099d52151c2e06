namespace EventSourcing.Storage;

/// <summary>A view that takes part in the transactions of a log's appends (<see cref="IInlineViews"/>).</summary>
/// <remarks>The log calls <see cref="Prepare"/> at the beginning of each transaction, <see cref="Appended"/> after each append in it, and <see cref="Undone"/> whenever something of it was undone.</remarks>
public interface IInlineView
{
    /// <summary>Handles what was stored before the transaction and is not in the view yet, up to a fixed number of events.</summary>
    /// <param name="transaction">The transaction; valid until the call returns.</param>
    /// <returns>False when more is left: the log commits, and begins another transaction in which it calls again.</returns>
    bool Prepare(IInlineTransaction transaction);

    /// <summary>Handles the events of an append.</summary>
    /// <param name="transaction">The transaction; valid until the call returns.</param>
    /// <param name="first">The position of the append's first event.</param>
    /// <exception cref="ViewException">A handler failed at an event of the append: the log undoes the append and what the view has written for it, and refuses the append with this exception.</exception>
    void Appended(IInlineTransaction transaction, GlobalPosition first);

    /// <summary>The transaction, or a part of it, was undone: what the view remembers of the documents may be wrong.</summary>
    void Undone();
}
