using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <inheritdoc/>
/// <remarks>Used under the log's lock.</remarks>
internal sealed class InlineTransaction(EventTable events, RecordTable records, ViewStorage storage, InlineViews views) : IInlineTransaction
{
    public GlobalPosition Head => GlobalPosition.FromInt64(events.Count);

    public StoredRecord? FindRecord(RecordKind kind, string key) => records.Find(kind, key);

    public IViewWriter? FindWriter(ViewBuildId id, IReadOnlyList<ViewTable> tables) => storage.Find(id, tables) is { } content ? views.OpenWriter(content) : null;

    public LogPage Read(AllRead read)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return PageReader.Read(events, read, events.Count);
    }

    // The writer keeps nothing of a write that throws before its commit.
    public void Isolated(Action work) => work();
}
