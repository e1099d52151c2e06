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

    /// <param name="set">The set.</param>
    /// <param name="writer">The build's writer; owned.</param>
    /// <param name="maxBytes">About how much memory documents may take.</param>
    /// <param name="checksDocuments">True where a document that cannot be written as JSON is found at its event, at the cost of writing each one at each event.</param>
    internal SetFold(ViewSet set, IViewWriter writer, long maxBytes, bool checksDocuments)
    {
        (_writer, _maxBytes, _name) = (writer, maxBytes, set.ToString());
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

    /// <summary>True when documents are changed and not written.</summary>
    internal bool HasUnwritten => Array.Exists(_folds, fold => fold.UnwrittenCount > 0);

    /// <summary>True when the documents take so much memory that they must be written.</summary>
    internal bool IsFull => _folds.Sum(fold => fold.Bytes) > _maxBytes;

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
        try
        {
            for (var i = 0; i < envelopes.Count; i++)
                foreach (var fold in _folds) fold.Fold(envelopes[i]);
        }
        catch
        {
            foreach (var fold in _folds) fold.Undo();
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
        var observation = WriteObservation.Begin(_name, _folds);
        _writer.Begin();
        try
        {
            foreach (var fold in _folds) fold.Write();
            if (!_writer.Commit(checkpoint)) return false;
        }
        catch
        {
            _writer.Rollback();
            throw;
        }

        observation.End();
        foreach (var fold in _folds) fold.Written(_maxBytes / _folds.Length);
        if (Position < checkpoint.Position) Position = checkpoint.Position;
        return true;
    }

    /// <summary>Begins to fold the document of one key again.</summary>
    internal KeyFold FoldKey(int table, string key) => new(this, _folds[table], key);

    internal void ReportStall(string? stall) => _writer.ReportStall(stall);

    public void Dispose()
    {
        foreach (var fold in _folds) fold.Dispose();
        _writer.Dispose();
    }
}
