using EventSourcing.Storage;

namespace EventSourcing.Views.Folding;

/// <inheritdoc/>
/// <remarks>The rows are not in memory: each handler writes them at its event, into the open transaction.</remarks>
internal sealed class TableFold(TableProjection projection, int table) : RowFold
{
    private readonly HashSet<Type> _types = [.. projection.HandledTypes];
    private ITableWriter _writer = null!;
    private int _handled, _present;

    internal override Projection Projection => projection;

    /// <summary>The events whose rows are not committed.</summary>
    internal override int UnwrittenCount => _handled;

    internal override long Bytes => 0;

    internal override bool IsInTransaction => _writer.IsInTransaction;

    internal override bool IsLost => _writer.IsLost;

    internal override void Open(IViewWriter writer, IReadOnlyList<RowFold> set) => _writer = projection.WriterOf(writer, table);

    internal override void Forget() => (_handled, _present) = (0, 0);

    internal override void Fold(EventEnvelope envelope)
    {
        if (!_types.Contains(envelope.Data.GetType())) return;
        try
        {
            _writer.Handle(envelope);
            _present++;
        }
        catch (Exception e) when (e is not (OutOfMemoryException or StoreUnavailableException or StoreCorruptException or StoreFullException))
        {
            throw new ViewException(projection.Name, envelope.Position, envelope.Type, envelope.StreamId, null, e);
        }
    }

    internal override void Restart(string key) => throw NotByKey();

    internal override void Fold(EventEnvelope envelope, string key) => throw NotByKey();

    internal override void Keep()
    {
        _writer.Keep();
        (_handled, _present) = (_handled + _present, 0);
    }

    internal override void Undo()
    {
        _present = 0;
        _writer.Undo();
    }

    internal override void Write()
    {
    }

    internal override void Written(long maxBytes) => _handled = 0;

    public override void Dispose()
    {
    }

    private NotSupportedException NotByKey() => new($"Projection '{projection.Name}' is not folded by key.");
}
