namespace EventSourcing.Storage;

/// <summary>The state of a build at one point in time. Used by one thread at a time.</summary>
public interface IViewSnapshot : IDisposable
{
    /// <summary>How far the build is.</summary>
    ViewCheckpoint Checkpoint { get; }

    /// <summary>Why the view does not advance, as its writer has left it (<see cref="IViewWriter.ReportStall"/>); null when it does.</summary>
    string? Stall { get; }

    /// <summary>Reads one document.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="key">The key.</param>
    /// <returns>The document; null when there is none. The memory stays valid.</returns>
    StoredViewRow? Find(int table, string key);

    /// <summary>Reads a page of documents. The memory stays valid.</summary>
    /// <param name="read">Which.</param>
    IReadOnlyList<StoredViewRow> Read(ViewRead read);

    /// <summary>Counts documents.</summary>
    /// <param name="table">The projection's place among the tables.</param>
    /// <param name="conditions">Conditions that a document meets all of; empty for every document.</param>
    long Count(int table, IReadOnlyList<ViewCondition> conditions);

    /// <summary>Finds a capability that not every storage has. One that decorates another forwards the call.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability; null where there is none.</returns>
    T? Find<T>()
        where T : class => this as T;
}
