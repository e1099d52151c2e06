using EventSourcing.Storage;

namespace EventSourcing.Views.Folding;

/// <summary>Folds the events of one key in memory, for a document that is not stored. Used by one thread at a time.</summary>
internal sealed class KeyReplay<TRow> : IDisposable where TRow : class
{
    private readonly Projection<TRow> _projection;
    private readonly RowFold<TRow> _fold;

    internal KeyReplay(Projection<TRow> projection, int table)
    {
        (_projection, _fold) = (projection, new(projection, table));
        _fold.OpenEmpty();
    }

    /// <exception cref="ViewException">The handler failed.</exception>
    internal void Fold(EventEnvelope envelope, string key)
    {
        _fold.Fold(envelope, key);
        _fold.Keep();
    }

    /// <summary>The document as a stored one is read: through its JSON.</summary>
    internal TRow? Find(string key) => _fold.Get(key) is { } row ? _projection.Deserialize(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(row, _projection.Contract)) : null;

    public void Dispose() => _fold.Dispose();
}
