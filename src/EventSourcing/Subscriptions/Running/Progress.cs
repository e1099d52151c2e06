using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;

namespace EventSourcing.Subscriptions.Running;

/// <summary>The position of a runner, which is ahead of its checkpoint in the log, and the transactions that write the checkpoint.</summary>
internal sealed class Progress(
    SubscriptionSetup setup, PartitionId key, EffectBuffer effects, ParkedKeys parkedKeys, PositionWaiters waiters, RunnerStatistics statistics, SharedReader reader)
{
    // Limits on the transaction's hold of the write lock, and on memory, whatever the checkpoint interval.
    private const int MaxEffects = 4000;
    private const long MaxEffectBytes = 32 << 20;

    // Events that are not for the handler may be read again after a crash: that costs only the read.
    private const long PassedBeforeCheckpoint = 16_384;

    private long _saved, _revision, _lastOfPage, _unsavedFrom;
    private int _unsaved;

    /// <summary>The last position that is handled, parked or skipped. Effects and parked events up to here may not be written yet.</summary>
    internal long Position { get; private set; }

    /// <summary>Up to this position events are isolated: delivered one by one, each with a transaction of its own, because a batch or a transaction of several events failed.</summary>
    internal long IsolatedThrough { get; set; }

    /// <summary>True when events that were handled or parked are not in the checkpoint.</summary>
    internal bool HasUnsaved => _unsaved > 0;

    /// <summary>The time until the checkpoint must be written, from the age of the first event that is not in it.</summary>
    internal TimeSpan DueIn => MaxAge - setup.Time.GetElapsedTime(_unsavedFrom) is { Ticks: > 0 } left ? left : TimeSpan.Zero;

    /// <summary>True when the checkpoint is the interval behind, or when the effects or parked events that are written with it reach their limit.</summary>
    internal bool IsSaveDue => _unsaved >= setup.Options.CheckpointEvery || effects.Count >= MaxEffects || IsPlaceFull || effects.Bytes >= MaxEffectBytes || parkedKeys.AreMany
        || (IsOutside && parkedKeys.IsWaiting);

    /// <summary>True when an event has waited for the checkpoint for too long, at the time of the scope's last check.</summary>
    internal bool IsLate(LeaseScope scope) => HasUnsaved && setup.Time.GetElapsedTime(_unsavedFrom, scope.CheckedAt) >= MaxAge;

    /// <summary>The position at which the checkpoint is written although no event was for the handler. Once an event was handled, the checkpoint is written by age.</summary>
    private long PassesUntil => _unsaved > 0 ? long.MaxValue : _saved + PassedBeforeCheckpoint;

    /// <summary>The highest position that the checkpoint ever had.</summary>
    internal long Furthest { get; private set; }

    internal bool IsReplay(long position) => position <= Furthest;

    /// <summary>Where to begin when the checkpoint is outside the log and no token was committed yet.</summary>
    internal ResumeToken Begin { get; set; }

    // With a checkpoint outside the log, parked events are written before the next event is handled: the token that the handler commits would skip them.
    private bool IsOutside => setup.Options.LoadToken is not null;

    private IOutsidePlace? Place => setup.Options.Place;

    private bool IsPlaceFull => Place is { IsFull: true };

    private bool HasUnwritten => effects.Count > 0 || Place is { HasUnwritten: true };

    internal async ValueTask LoadAsync(LeaseScope scope)
    {
        var cancellationToken = scope.Token;
        if (Place is { } place) SetPlace(await place.OpenAsync(scope).ConfigureAwait(false));
        else if (setup.Options.LoadToken is { } load) await LoadTokenAsync(load, cancellationToken).ConfigureAwait(false);
        else await LoadCheckpointAsync(cancellationToken).ConfigureAwait(false);
        (_saved, _unsaved) = (Position, 0);
        effects.Forget(0);
        await parkedKeys.LoadAsync(cancellationToken).ConfigureAwait(false);
        MoveWaiters();
    }

    private async ValueTask LoadCheckpointAsync(CancellationToken cancellationToken)
    {
        var records = await setup.Log.ReadRecordsAsync(RecordKind.Checkpoint, key.Key, key.Key, 1, cancellationToken).ConfigureAwait(false);
        if (records is not [var record]) throw new StoreCorruptException("it is missing", $"checkpoint '{key.Key}'");
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
            // Whatever its type: the user's database may be available again soon.
            throw new StoreUnavailableException($"The token of subscription '{key.Key}' could not be loaded (SubscriptionOptions.LoadToken): {e.Message}", e);
        }

        SetPlace(await setup.Log.FindTokenAsync(token ?? Begin, cancellationToken).ConfigureAwait(false));
    }

    private void SetPlace(ResumeToken place)
    {
        (Position, Furthest, _revision) = (place.Position.ToInt64(), 0, 0);
        reader.Know(place);
    }

    /// <summary>Before the events of a page.</summary>
    /// <param name="last">The position of its last event; <see cref="long.MaxValue"/> when no page follows.</param>
    internal void BeginPage(long last) => _lastOfPage = last;

    /// <summary>Records that events were handled, and writes the checkpoint when it is due.</summary>
    /// <returns>False when the effects were refused, see <see cref="TrySaveAsync"/>; this holds for every method here that returns a bool.</returns>
    internal ValueTask<bool> DoneAsync(long position, int count, LeaseScope scope)
    {
        statistics.AddHandled(count);
        return AdvanceAsync(position, count, scope);
    }

    /// <summary>Parks an event: later events of its key are held back from now on, and the next checkpoint writes its record.</summary>
    internal ValueTask<bool> ParkAsync(ParkedEvent parked, LeaseScope scope)
    {
        parkedKeys.Add(parked);
        return AdvanceAsync(parked.Event.Position.ToInt64(), 1, scope);
    }

    /// <summary>Records that no event up to a position is left to be handled.</summary>
    internal async ValueTask<bool> PassAsync(long position, LeaseScope scope)
    {
        Position = position;
        MoveWaiters();
        return Position - _saved < PassedBeforeCheckpoint || _unsaved > 0 || await TrySaveAsync(scope).ConfigureAwait(false);
    }

    /// <summary>Ensures that a batch plus the pending events never exceeds the checkpoint interval, in number or in age.</summary>
    internal async ValueTask<bool> MakeRoomAsync(int count, LeaseScope scope) =>
        !HasUnsaved || (_unsaved + count <= setup.Options.CheckpointEvery && !IsLate(scope)) || await TrySaveAsync(scope).ConfigureAwait(false);

    /// <summary>Before a reset: writes the effects and parked events of the events that are done, with the old checkpoint.</summary>
    internal ValueTask PrepareResetAsync(LeaseScope scope) => WriteAsync(Position, scope);

    /// <summary>The change that moves the checkpoint.</summary>
    internal RecordChange ChangeTo(long position) =>
        RecordChange.Put(RecordKind.Checkpoint, key.Key, new Checkpoint(position, Math.Max(position, Furthest), key.Partitions).ToBytes(), _revision);

    /// <summary>After the write of a reset was committed.</summary>
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

    /// <summary>Before a wait: writes effects and parked events, if there are any, with the checkpoint.</summary>
    internal async ValueTask<bool> TryWritePendingAsync(LeaseScope scope) =>
        (!HasUnwritten && !parkedKeys.IsWaiting) || await TrySaveAsync(scope).ConfigureAwait(false);

    /// <summary>Before a wait for a slot: writes parked events, if there are any, with the checkpoint.</summary>
    internal async ValueTask<bool> TryWriteParkedAsync(LeaseScope scope) => !parkedKeys.IsWaiting || await TrySaveAsync(scope).ConfigureAwait(false);

    /// <summary>Waits for events after the position, or until so many were skipped that the checkpoint is written.</summary>
    internal ValueTask WaitForEventsAsync(CancellationToken cancellationToken) => reader.WaitAsync(Position, PassesUntil, waiters, cancellationToken);

    /// <summary>Writes the checkpoint.</summary>
    /// <returns>False when an effect was refused: the events since the last checkpoint are then delivered again one by one.</returns>
    internal async ValueTask<bool> TrySaveAsync(LeaseScope scope)
    {
        try
        {
            if (Place is { } place && !await TryWriteAsync(place, scope).ConfigureAwait(false))
            {
                await LoadAsync(scope).ConfigureAwait(false);
                return false;
            }

            await WriteAsync(Position, scope).ConfigureAwait(false);
            return true;
        }
        catch (EffectException e)
        {
            statistics.LastError = e.Error;
            IsolatedThrough = Math.Max(IsolatedThrough, Position);
            await LoadAsync(scope).ConfigureAwait(false);
            return false;
        }
    }

    private async ValueTask<bool> TryWriteAsync(IOutsidePlace place, LeaseScope scope)
    {
        var position = GlobalPosition.FromInt64(Position);
        var checkpoint = reader.Known.Position == position ? reader.Known : await setup.Log.FindTokenAsync(ResumeToken.Unverified(position), reader.Known, scope.Token).ConfigureAwait(false);
        return await place.TryWriteAsync(checkpoint, scope).ConfigureAwait(false);
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

    /// <summary>Writes the effects, the parked events and the checkpoint in one transaction, fenced by the lease. When it is refused or fails, nothing is written.</summary>
    internal async ValueTask WriteAsync(long position, LeaseScope scope)
    {
        var changes = parkedKeys.ChangesWith(setup.IsCheckpointOutside ? null : ChangeTo(position));
        // Nothing to write where the handler commits its token outside the log and no event is parked.
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
        // A checkpoint that is due at the end of a page is written while the next page is read.
        return !IsSaveDue || position == _lastOfPage ? new(true) : TrySaveAsync(scope);
    }

    private TimeSpan MaxAge => parkedKeys.IsWaiting && ParkedKeys.MaxWait < setup.Options.CheckpointAfter ? ParkedKeys.MaxWait : setup.Options.CheckpointAfter;

    private bool IsSaveNeeded => _unsaved > 0 || Position != _saved || HasUnwritten;

    /// <summary>Completes waits up to the position, unless something waits for its transaction.</summary>
    private void MoveWaiters()
    {
        if (!HasUnwritten && !parkedKeys.IsWaiting) waiters.MoveTo(Position);
    }
}
