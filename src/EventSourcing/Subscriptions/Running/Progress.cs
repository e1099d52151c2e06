using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>How far a runner is, ahead of its checkpoint in the log, and the transactions that bring the two together.</summary>
internal sealed class Progress(
    SubscriptionSetup setup, PartitionId key, EffectBuffer effects, ParkedKeys parkedKeys, PositionWaiters waiters, RunnerStatistics statistics, SharedReader reader)
{
    // Their transaction has the write lock for as long as they take, and they take memory until then, whatever the interval.
    private const int MaxEffects = 4000;
    private const long MaxEffectBytes = 32 << 20;

    // Events that are not for the handler are passed over for nothing after a crash, which costs reading them again only.
    private const long PassedBeforeCheckpoint = 16_384;

    private long _saved, _revision, _lastOfPage, _unsavedFrom;
    private int _unsaved;

    /// <summary>Everything up to here is handled, parked or passed over; what was enlisted or set aside may not be written yet.</summary>
    internal long Position { get; private set; }

    /// <summary>Up to here events come one by one, each with a transaction of its own: one of them has failed among others.</summary>
    internal long IsolatedThrough { get; set; }

    /// <summary>True when events that were handled or set aside are not in the checkpoint.</summary>
    internal bool HasUnsaved => _unsaved > 0;

    /// <summary>How long the first event that is not in the checkpoint may still wait for it.</summary>
    internal TimeSpan DueIn => Longest - setup.Time.GetElapsedTime(_unsavedFrom) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>True when the checkpoint is the interval behind, or what is to be written with it has become much.</summary>
    internal bool IsSaveDue => _unsaved >= setup.Options.CheckpointEvery || effects.Count >= MaxEffects || effects.Bytes >= MaxEffectBytes || parkedKeys.AreMany
        || (IsOutside && parkedKeys.IsWaiting);

    /// <summary>True when an event waits for the checkpoint for too long, as of the scope's last check.</summary>
    internal bool IsLate(LeaseScope scope) => HasUnsaved && setup.Time.GetElapsedTime(_unsavedFrom, scope.CheckedAt) >= Longest;

    /// <summary>The position at which the checkpoint is written though nothing was for the handler. Where something was handled, it is written by its age.</summary>
    internal long PassesUntil => _unsaved > 0 ? long.MaxValue : _saved + PassedBeforeCheckpoint;

    /// <summary>The highest position that the checkpoint ever had.</summary>
    internal long Furthest { get; private set; }

    internal bool IsReplay(long position) => position <= Furthest;

    /// <summary>Where to begin when no token was committed yet, of a checkpoint that is outside the log.</summary>
    internal ResumeToken Begin { get; set; }

    // Parked events are then written before the next event is handled: the handler's token would pass over them.
    private bool IsOutside => setup.IsCheckpointOutside;

    internal async ValueTask LoadAsync(CancellationToken cancellationToken)
    {
        if (setup.Options.LoadToken is { } load) await LoadTokenAsync(load, cancellationToken).ConfigureAwait(false);
        else await LoadCheckpointAsync(cancellationToken).ConfigureAwait(false);
        (_saved, _unsaved) = (Position, 0);
        effects.Forget(0);
        await parkedKeys.LoadAsync(cancellationToken).ConfigureAwait(false);
        MoveWaiters();
    }

    private async ValueTask LoadCheckpointAsync(CancellationToken cancellationToken)
    {
        var records = await setup.Log.ReadRecordsAsync(RecordKind.Checkpoint, key.Key, key.Key, 1, cancellationToken).ConfigureAwait(false);
        if (records is not [var record]) throw new StoreCorruptException("it is gone", $"checkpoint '{key.Key}'");
        var checkpoint = Checkpoint.Parse(record);
        (Position, Furthest, _revision) = (checkpoint.Position, checkpoint.Furthest, record.Revision);
    }

    private async ValueTask LoadTokenAsync(Func<int, CancellationToken, Task<ResumeToken?>> load, CancellationToken cancellationToken)
    {
        ResumeToken? token;
        try
        {
            token = await load(key.Partition, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (EventSourcingException or OperationCanceledException))
        {
            // Whatever it is, the user's database may be there again soon.
            throw new StoreUnavailableException($"The token of subscription '{key.Key}' could not be loaded (SubscriptionOptions.LoadToken): {e.Message}", e);
        }

        var place = await setup.Log.FindTokenAsync(token ?? Begin, cancellationToken).ConfigureAwait(false);
        (Position, Furthest, _revision) = (place.Position.ToInt64(), 0, 0);
        reader.Know(place);
    }

    /// <summary>A page's events are to come; another page follows its last.</summary>
    /// <param name="last">The position of its last event; <see cref="long.MaxValue"/> when no page follows.</param>
    internal void BeginPage(long last) => _lastOfPage = last;

    /// <summary>Events were handled; false when their effects were refused, see <see cref="TrySaveAsync"/>.</summary>
    internal ValueTask<bool> DoneAsync(long position, int count, LeaseScope scope)
    {
        statistics.Add(count);
        return AdvanceAsync(position, count, scope);
    }

    /// <summary>An event is set aside: from now on its key is held back, and the next checkpoint brings it into the log; false as for <see cref="DoneAsync"/>.</summary>
    internal ValueTask<bool> ParkAsync(ParkedEvent parked, LeaseScope scope)
    {
        parkedKeys.Add(parked);
        return AdvanceAsync(parked.Event.Position.ToInt64(), 1, scope);
    }

    /// <summary>Nothing up to a position is left to be handled; false as for <see cref="DoneAsync"/>.</summary>
    internal async ValueTask<bool> PassAsync(long position, LeaseScope scope)
    {
        Position = position;
        MoveWaiters();
        return Position - _saved < PassedBeforeCheckpoint || _unsaved > 0 || await TrySaveAsync(scope).ConfigureAwait(false);
    }

    /// <summary>So that a batch and what came before it never are more than the interval together, nor is late what came before; false as for <see cref="DoneAsync"/>.</summary>
    internal async ValueTask<bool> MakeRoomAsync(int count, LeaseScope scope) =>
        !HasUnsaved || (_unsaved + count <= setup.Options.CheckpointEvery && !IsLate(scope)) || await TrySaveAsync(scope).ConfigureAwait(false);

    /// <summary>Before a reset. What was enlisted or set aside belongs to events that are done: it is written with the checkpoint that is left behind.</summary>
    internal ValueTask PrepareResetAsync(LeaseScope scope) => WriteAsync(Position, scope);

    /// <summary>Moves the checkpoint, in a write of others; changes nothing else.</summary>
    internal RecordChange Reset(long position) => ChangeTo(position);

    private RecordChange ChangeTo(long position) =>
        RecordChange.Put(RecordKind.Checkpoint, key.Key, new Checkpoint(position, Math.Max(position, Furthest), key.Partitions).ToBytes(), _revision);

    /// <summary>The write of a reset is stored.</summary>
    internal void WasReset(long position)
    {
        _revision++;
        (Position, _saved, _unsaved, IsolatedThrough) = (position, position, 0, 0);
        Furthest = Math.Max(Furthest, position);
        MoveWaiters();
    }

    internal ValueTask SaveIfNeededAsync(LeaseScope scope) => IsSaveNeeded ? WriteAsync(Position, scope) : default;

    internal async ValueTask TrySaveIfNeededAsync(LeaseScope scope)
    {
        if (IsSaveNeeded) await TrySaveAsync(scope).ConfigureAwait(false);
    }

    /// <summary>Writes what is enlisted or set aside, with the checkpoint, before a wait; false as for <see cref="TrySaveAsync"/>.</summary>
    internal async ValueTask<bool> TryWriteWaitingAsync(LeaseScope scope) =>
        (effects.Count == 0 && !parkedKeys.IsWaiting) || await TrySaveAsync(scope).ConfigureAwait(false);

    /// <summary>Writes the checkpoint; false when an effect was refused: the events since the last checkpoint then come again one by one.</summary>
    internal async ValueTask<bool> TrySaveAsync(LeaseScope scope)
    {
        try
        {
            await WriteAsync(Position, scope).ConfigureAwait(false);
            return true;
        }
        catch (EffectException e)
        {
            statistics.LastError = e.Error;
            IsolatedThrough = Math.Max(IsolatedThrough, Position);
            await LoadAsync(scope.Token).ConfigureAwait(false);
            return false;
        }
    }

    /// <summary>Writes the effects of one event in a transaction of their own, with the checkpoint.</summary>
    /// <returns>The exception that the effects were refused with, or null.</returns>
    internal async ValueTask<Exception?> WriteIsolatedAsync(long position, LeaseScope scope)
    {
        if (effects.Count == 0) return null;
        try
        {
            await WriteAsync(position, scope).ConfigureAwait(false);
            return null;
        }
        catch (EffectException refusal)
        {
            effects.Forget(0);
            // Without the effects: an exception thrown here is a failure of the log, not of the event.
            await WriteAsync(Position, scope).ConfigureAwait(false);
            statistics.Fail(refusal.Error);
            return refusal.Error;
        }
    }

    /// <summary>One write: fenced by the lease's epoch, the effects, the parked events, the checkpoint. When it is refused or fails, nothing of it is written and the events since the last checkpoint come again.</summary>
    internal async ValueTask WriteAsync(long position, LeaseScope scope)
    {
        var changes = parkedKeys.ChangesWith(IsOutside ? null : ChangeTo(position));
        // What the handler committed is not the log's to write.
        var changed = changes.Length == 0 ? [] : await effects.WriteAsync(scope.Lease, changes).ConfigureAwait(false);
        _revision++;
        (_saved, _unsaved) = (position, 0);
        Furthest = Math.Max(Furthest, position);
        effects.Forget(0);
        parkedKeys.Written(changes, changed);
        MoveWaiters();
    }

    private ValueTask<bool> AdvanceAsync(long position, int count, LeaseScope scope)
    {
        Position = position;
        if (!HasUnsaved) _unsavedFrom = scope.CheckedAt;
        if (!IsOutside || parkedKeys.IsWaiting) _unsaved += count;
        MoveWaiters();
        // Due at the page's end, it is written while the next page is read.
        return !IsSaveDue || position == _lastOfPage ? new(true) : TrySaveAsync(scope);
    }

    private TimeSpan Longest => parkedKeys.IsWaiting && ParkedKeys.MaxWait < setup.Options.CheckpointAfter ? ParkedKeys.MaxWait : setup.Options.CheckpointAfter;

    private bool IsSaveNeeded => _unsaved > 0 || Position != _saved || effects.Count > 0;

    /// <summary>What is done for good: not what waits for its transaction.</summary>
    private void MoveWaiters()
    {
        if (effects.Count == 0 && !parkedKeys.IsWaiting) waiters.MoveTo(Position);
    }
}
