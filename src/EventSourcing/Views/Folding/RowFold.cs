using EventSourcing.Storage;

namespace EventSourcing.Views.Folding;

/// <summary>The documents of one projection while events are folded: those of the build, with what is not written yet over them. Used by one thread at a time.</summary>
internal abstract class RowFold : IDisposable
{
    /// <summary>The projection.</summary>
    internal abstract Projection Projection { get; }

    /// <summary>How many documents are not written yet.</summary>
    internal abstract int UnwrittenCount { get; }

    /// <summary>About how much memory the documents take.</summary>
    internal abstract long Bytes { get; }

    /// <summary>True where each document is written as JSON at its event too, so that one that cannot be written is found there.</summary>
    internal bool ChecksDocuments { get; set; }

    /// <summary>True while handlers that write at their events have the writer's transaction open.</summary>
    internal virtual bool IsInTransaction => false;

    /// <summary>True since the writer's transaction has ended without being committed, see <see cref="ITableWriter.IsLost"/>.</summary>
    internal virtual bool IsLost => false;

    /// <summary>Connects it with the build and with the folds of the set.</summary>
    internal abstract void Open(IViewWriter writer, IReadOnlyList<RowFold> set);

    /// <summary>Forgets every document, written or not: those of the build may have changed. It is opened again after it.</summary>
    internal abstract void Forget();

    /// <summary>Folds an event, if the projection handles it.</summary>
    /// <exception cref="ViewException">A handler failed.</exception>
    internal abstract void Fold(EventEnvelope envelope);

    /// <summary>Forgets the document of a key, so that it is folded again.</summary>
    internal abstract void Restart(string key);

    /// <summary>Folds an event into the document of one of its keys only.</summary>
    /// <exception cref="ViewException">The handler failed.</exception>
    internal abstract void Fold(EventEnvelope envelope, string key);

    /// <summary>The event is folded by all projections: what it changed can no longer be undone.</summary>
    internal abstract void Keep();

    /// <summary>Takes back what the event changed.</summary>
    internal abstract void Undo();

    /// <summary>Writes what is not written yet into the open transaction.</summary>
    /// <exception cref="UnwritableDocumentException">A document cannot be written as JSON.</exception>
    internal abstract void Write();

    /// <summary>The transaction was committed.</summary>
    /// <param name="maxBytes">The memory that documents may keep.</param>
    internal abstract void Written(long maxBytes);

    public abstract void Dispose();
}
