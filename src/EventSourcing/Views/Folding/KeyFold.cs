namespace EventSourcing.Views.Folding;

/// <summary>Folds the document of one key again, from the events of the key. Disposed before it is written, it leaves the document as it was.</summary>
internal sealed class KeyFold : IDisposable
{
    private readonly SetFold _set;
    private readonly RowFold _fold;
    private readonly string _key;
    private readonly bool _checksDocuments;
    private bool _isKept;

    internal KeyFold(SetFold set, RowFold fold, string key)
    {
        (_set, _fold, _key, _checksDocuments) = (set, fold, key, fold.ChecksDocuments);
        fold.ChecksDocuments = true;
        fold.Restart(key);
    }

    /// <summary>Folds the next event of the key.</summary>
    /// <exception cref="ViewException">The handler failed.</exception>
    internal void Fold(EventEnvelope envelope) => _fold.Fold(envelope, _key);

    /// <summary>Writes the document with the checkpoint as it is.</summary>
    /// <returns>False when another process has taken over: nothing was written.</returns>
    internal bool TryWrite()
    {
        _isKept = true;
        _fold.Keep();
        return _set.TryWrite(_set.Checkpoint);
    }

    public void Dispose()
    {
        if (!_isKept) _fold.Undo();
        _fold.ChecksDocuments = _checksDocuments;
    }
}
