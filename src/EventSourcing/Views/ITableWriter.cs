namespace EventSourcing.Storage;

/// <summary>Runs the handlers of a <see cref="TableProjection"/> inside the transaction of an <see cref="IViewWriter"/>. All those of one writer share its transaction and its part for the present event. Used by one thread at a time.</summary>
public interface ITableWriter
{
    /// <summary>True while the writer's transaction is open.</summary>
    bool IsInTransaction { get; }

    /// <summary>True since the transaction ended though the library did not end it, with events that are handled: nothing of them is kept, and the writer is of no more use.</summary>
    bool IsLost { get; }

    /// <summary>Runs the handler for an event. Begins the transaction where none is open, and a part of it that can be undone where none is open for this event.</summary>
    /// <param name="envelope">The event.</param>
    /// <exception cref="EventSourcingException">The storage failed.</exception>
    /// <remarks>Throws what the handler throws.</remarks>
    void Handle(EventEnvelope envelope);

    /// <summary>The event is handled by all projections: its part can no longer be undone. Without a part, has no effect.</summary>
    void Keep();

    /// <summary>Undoes the event's part; a transaction without another event is rolled back. Without a part, has no effect.</summary>
    void Undo();
}
