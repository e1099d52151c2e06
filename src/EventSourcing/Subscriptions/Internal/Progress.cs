using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>How far a runner is, ahead of its checkpoint in the log, and the transactions that bring the two together.</summary>
internal sealed class Progress(IEventLog log, SegmentKey key, int checkpointEvery, Delivery delivery, ParkedKeys parkedKeys, Settlement settlement, Tally tally)
{
    // Events that are not for the handler are passed over for nothing after a crash, which costs reading them again only.
    private const long PassedBeforeCheckpoint = 16_384;

    private long _saved, _furthest, _revision, _lastOfPage;
    private int _unsaved;

    /// <summary>Everything up to here is handled, parked or passed over; what was enlisted for it may not be written yet.</summary>
    internal long Position { get; private set; }

    /// <summary>Up to here events come one by one, each with a transaction of its own: one of them has failed among others.</summary>
    internal long IsolatedThrough { get; set; }

    /// <summary>True when handled events are not in the checkpoint.</summary>
    internal bool HasUnsaved => _unsaved > 0;

    /// <summary>True when the checkpoint is the interval behind.</summary>
    internal bool IsSaveDue => _unsaved >= checkpointEvery;

    internal bool IsReplay(long position) => position <= _furthest;

    internal async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        var records = await log.ReadRecordsAsync(RecordKind.Checkpoint, key.Key, key.Key, 1, cancellationToken).ConfigureAwait(false);
        if (records is not [var record]) throw new StoreCorruptException("it is gone", $"checkpoint '{key.Key}'");
        var checkpoint = Checkpoint.Parse(record);
        (Position, _furthest, _revision) = (checkpoint.Position, checkpoint.Furthest, record.Revision);
        (_saved, _unsaved) = (Position, 0);
        delivery.Forget(0);
        await parkedKeys.LoadAsync(log, key, cancellationToken).ConfigureAwait(false);
        Settle();
    }

    /// <summary>A page's events are to come; another page follows its last.</summary>
    /// <param name="last">The position of its last event; <see cref="long.MaxValue"/> when no page follows.</param>
    internal void BeginPage(long last) => _lastOfPage = last;

    /// <summary>Events were handled or parked; false when their effects were refused, see <see cref="TrySaveAsync"/>.</summary>
    internal async ValueTask<bool> DoneAsync(long position, int count, Tenure tenure)
    {
        Position = position;
        _unsaved += count;
        tally.Add(count);
        Settle();
        // Due at the page's end, it is written while the next page is read.
        return !IsSaveDue || position == _lastOfPage || await TrySaveAsync(tenure).ConfigureAwait(false);
    }

    /// <summary>Nothing up to a position is left to be handled; false as for <see cref="DoneAsync"/>.</summary>
    internal async ValueTask<bool> PassAsync(long position, Tenure tenure)
    {
        Position = position;
        Settle();
        return Position - _saved < PassedBeforeCheckpoint || _unsaved > 0 || await TrySaveAsync(tenure).ConfigureAwait(false);
    }

    /// <summary>So that a batch and what came before it never are more than the interval together; false as for <see cref="DoneAsync"/>.</summary>
    internal async ValueTask<bool> MakeRoomAsync(int count, Tenure tenure) =>
        _unsaved == 0 || _unsaved + count <= checkpointEvery || await TrySaveAsync(tenure).ConfigureAwait(false);

    internal async ValueTask ResetAsync(long position, Tenure tenure)
    {
        // What was enlisted belongs to events that are handled: it is written with the checkpoint that is left behind.
        await WriteAsync(Position, null, tenure).ConfigureAwait(false);
        Position = position;
        IsolatedThrough = 0;
        await WriteAsync(Position, null, tenure).ConfigureAwait(false);
    }

    internal ValueTask SaveIfNeededAsync(Tenure tenure) => IsSaveNeeded ? WriteAsync(Position, null, tenure) : default;

    internal async ValueTask TrySaveIfNeededAsync(Tenure tenure)
    {
        if (IsSaveNeeded) await TrySaveAsync(tenure).ConfigureAwait(false);
    }

    /// <summary>Writes what is enlisted, with the checkpoint; false as for <see cref="TrySaveAsync"/>.</summary>
    internal async ValueTask<bool> TryWriteEffectsAsync(Tenure tenure) =>
        delivery.EffectCount == 0 || await TrySaveAsync(tenure).ConfigureAwait(false);

    /// <summary>Writes the checkpoint; false when an effect was refused: the events since the last checkpoint then come again one by one.</summary>
    internal async ValueTask<bool> TrySaveAsync(Tenure tenure)
    {
        try
        {
            await WriteAsync(Position, null, tenure).ConfigureAwait(false);
            return true;
        }
        catch (EffectException e)
        {
            tally.LastError = e.Error;
            IsolatedThrough = Math.Max(IsolatedThrough, Position);
            await LoadAsync(tenure.Token).ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>One transaction: judged by the lease's epoch, the effects, an event set aside, the checkpoint.</summary>
    internal async ValueTask WriteAsync(long position, ParkedEvent? parked, Tenure tenure)
    {
        var lease = tenure.Lease;
        var checkpoint = new Checkpoint(position, Math.Max(position, _furthest), key.Segments).ToBytes();
        await delivery.TransactAsync(log, transaction =>
        {
            lease.Fence(transaction);
            delivery.Run(transaction);
            if (parked is not null) transaction.TryPut(RecordKind.Parked, key.ParkedKey(parked.Key, parked.Event.Position), parked.ToBytes(), null);
            if (!transaction.TryPut(RecordKind.Checkpoint, key.Key, checkpoint, _revision)) throw lease.Error();
            return true;
        }).ConfigureAwait(false);
        _revision++;
        (_saved, _unsaved) = (position, 0);
        _furthest = Math.Max(_furthest, position);
        delivery.Forget(0);
        Settle();
    }

    private bool IsSaveNeeded => _unsaved > 0 || Position != _saved || delivery.EffectCount > 0;

    /// <summary>What is done for good: not what waits for its transaction.</summary>
    private void Settle()
    {
        if (delivery.EffectCount == 0) settlement.MoveTo(Position);
    }
}
