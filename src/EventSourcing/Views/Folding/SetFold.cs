using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Views.Folding;

/// <summary>Folds events into the documents of a set and writes them with the checkpoint. Used by one thread at a time.</summary>
internal sealed class SetFold : IDisposable
{
    private IViewWriter _writer;
    private readonly RowFold[] _folds;
    private readonly long _maxBytes;
    private readonly string _name;
    private readonly bool _checksDocuments;

    /// <param name="set">The set.</param>
    /// <param name="writer">The build's writer; owned.</param>
    /// <param name="maxBytes">About how much memory documents may take.</param>
    /// <param name="checksDocuments">True where a document that cannot be written as JSON is found at its event, at the cost of writing each one at each event. Rows of own tables are committed at each event then.</param>
    internal SetFold(ViewSet set, IViewWriter writer, long maxBytes, bool checksDocuments)
    {
        (_writer, _maxBytes, _name, _checksDocuments) = (writer, maxBytes, set.ToString(), checksDocuments);
        _folds = [.. set.Projections.Select((projection, table) => projection.NewFold(table))];
        foreach (var fold in _folds)
        {
            fold.ChecksDocuments = checksDocuments;
            fold.Open(writer, _folds);
        }

        Position = writer.Checkpoint.Position;
    }

    /// <summary>The last event that is folded, or the checkpoint.</summary>
    internal GlobalPosition Position { get; private set; }

    /// <summary>What is committed.</summary>
    internal ViewCheckpoint Checkpoint => _writer.Checkpoint;

    /// <summary>Why events that are folded are not kept, though they are not written: the transaction that their handlers have written into was rolled back. The build must be opened again, at what is written. Null while nothing is lost.</summary>
    internal Exception? Loss { get; private set; }

    /// <summary>True when documents are changed and not written, or rows are not committed or lost.</summary>
    internal bool HasUnwritten => Loss is not null || Array.Exists(_folds, fold => fold.UnwrittenCount > 0);

    /// <summary>True when the documents take so much memory that they must be written.</summary>
    internal bool IsFull => _folds.Sum(fold => fold.Bytes) > _maxBytes || (_checksDocuments && IsInTransaction);

    private bool IsInTransaction => Array.Exists(_folds, fold => fold.IsInTransaction);

    /// <summary>Continues with what another writer of the same build reads. The writer before it is not disposed.</summary>
    internal void Continue(IViewWriter writer)
    {
        _writer = writer;
        foreach (var fold in _folds)
        {
            fold.Forget();
            fold.Open(writer, _folds);
        }

        Position = writer.Checkpoint.Position;
    }

    /// <summary>Folds the events that one stored event was decoded to; does nothing when they are folded already.</summary>
    /// <exception cref="ViewException">A handler failed. Nothing of the stored event was folded.</exception>
    internal void Fold(Envelopes envelopes)
    {
        if (envelopes.Count == 0 || envelopes[0].Position <= Position) return;
        ThrowIfLost();
        try
        {
            for (var i = 0; i < envelopes.Count; i++)
                foreach (var fold in _folds) fold.Fold(envelopes[i]);
        }
        catch (Exception e)
        {
            foreach (var fold in _folds) fold.Undo();
            // A handler's transaction is begun at its event, and finds there that the build was replaced.
            if (Array.Exists(_folds, fold => fold.IsLost || (fold is TableFold && e is StoreCorruptException))) Loss = e;
            throw;
        }

        foreach (var fold in _folds) fold.Keep();
        Position = envelopes[0].Position;
    }

    /// <summary>Writes what is not written, with the checkpoint.</summary>
    /// <param name="checkpoint">Not before <see cref="Position"/>: an event whose documents are written would be folded again.</param>
    /// <returns>False when another process has taken over: nothing was written.</returns>
    /// <exception cref="UnwritableDocumentException">A document cannot be written as JSON. Nothing was written.</exception>
    internal bool TryWrite(ViewCheckpoint checkpoint)
    {
        if (checkpoint.Position < Position) throw new InvalidOperationException($"The checkpoint {checkpoint.Position} lies before {Position}, the last event that is folded.");
        ThrowIfLost();
        var observation = WriteObservation.Begin(_name, _folds);
        var hasBegun = IsInTransaction;
        if (!hasBegun) _writer.Begin();
        try
        {
            foreach (var fold in _folds) fold.Write();
            if (!_writer.Commit(checkpoint)) return false;
        }
        catch (Exception e)
        {
            _writer.Rollback();
            if (hasBegun) Loss = e;
            throw;
        }

        observation.End();
        foreach (var fold in _folds) fold.Written(_maxBytes / _folds.Length);
        if (Position < checkpoint.Position) Position = checkpoint.Position;
        return true;
    }

    /// <summary>Begins to fold the document of one key again.</summary>
    internal KeyFold FoldKey(int table, string key) => new(this, _folds[table], key);

    /// <summary>Leaves a note for other processes. Rows that are not committed are given up for it: a set that stalls is opened again before it continues.</summary>
    internal void ReportStall(string? stall)
    {
        if (IsInTransaction)
        {
            _writer.Rollback();
            Loss = new OperationCanceledException("The set was stopped before its rows were committed.");
        }

        _writer.ReportStall(stall);
    }

    private void ThrowIfLost()
    {
        if (Loss is { } loss) throw new InvalidOperationException("The transaction of the rows was rolled back. The build must be opened again.", loss);
    }

    public void Dispose()
    {
        foreach (var fold in _folds) fold.Dispose();
        _writer.Dispose();
    }
}
