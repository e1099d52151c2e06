using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Leasing;

/// <summary>Acquires, renews and releases all leases of a process, with one write per interval for all of them.</summary>
/// <remarks>
/// A round reads the records, decides, and writes each change on the condition that its record has not changed since it was read. A change whose record has changed is skipped.
/// <para>
/// Clocks of different processes are never compared. The owner measures from before its last renewal, another process from the time at which it saw the last change of the record.
/// So the owner always gives up first. If it was suspended, the fencing token refuses its writes.
/// </para>
/// </remarks>
internal sealed class LeaseKeeper(IEventLog log, TimeProvider time, TimeSpan leaseTimeout) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Claim> _claims = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, (LeaseRecord Record, long Since)> _seen = [];
    private ITimer? _timer;
    private Task? _loop;
    private long _rounds;

    internal Guid Owner { get; } = Guid.NewGuid();

    private sealed class Claim(PartitionId key, long minEpoch, Action<Exception> report)
    {
        internal PartitionId Key { get; } = key;

        internal long MinEpoch { get; } = minEpoch;

        internal Action<Exception> Report { get; } = report;

        internal Lease? Lease { get; set; }

        internal TaskCompletionSource<Lease> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when the lease was given back, or is no longer wanted.</summary>
        internal TaskCompletionSource GivenBack { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The number of completed rounds.</summary>
    internal long Rounds => Volatile.Read(ref _rounds);

    /// <summary>The interval of renewals and of new attempts to acquire a lease.</summary>
    internal TimeSpan Interval => leaseTimeout / 3;

    /// <summary>Waits until this process holds the lease.</summary>
    /// <param name="key">The partition.</param>
    /// <param name="report">Called with failures while the lease is acquired or held. The keeper retries, or the lease is lost.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreCorruptException">The lease's record cannot be read.</exception>
    internal Task<Lease> AcquireAsync(PartitionId key, Action<Exception> report, CancellationToken cancellationToken) => AcquireAsync(key, 1, report, cancellationToken);

    /// <summary>As the other overload, with an epoch that is not below a number. Callers of this process that want the same lease wait for each other.</summary>
    internal async Task<Lease> AcquireAsync(PartitionId key, long minEpoch, Action<Exception> report, CancellationToken cancellationToken)
    {
        var claim = new Claim(key, minEpoch, report);
        while (TryEnter(claim) is { } before) await before.GivenBack.Task.WaitAsync(cancellationToken).ConfigureAwait(false);

        _wake.Release();
        try
        {
            return await claim.Granted.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await GiveBackAsync(claim).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Adds a claim; returns the one of the same key that is there already, or null.</summary>
    private Claim? TryEnter(Claim claim)
    {
        lock (_lock)
        {
            if (_claims.TryGetValue(claim.Key.Key, out var before)) return before;
            // First: a clock that throws leaves no claim behind.
            _timer ??= Uncaptured.Timer(time, _ => _wake.Release(), null, Interval, Interval);
            _loop ??= Uncaptured.Run(LoopAsync);
            _claims.Add(claim.Key.Key, claim);
            return null;
        }
    }

    /// <summary>Releases a lease, so that another process can acquire it at once. Does nothing when another process has taken it over.</summary>
    internal async ValueTask ReleaseAsync(Lease lease)
    {
        Claim? claim;
        lock (_lock)
            if (!_claims.TryGetValue(lease.Key.Key, out claim) || claim.Lease != lease) return;
        await GiveBackAsync(claim).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelQuietlyAsync(Report).ConfigureAwait(false);
        if (_loop is not null) await _loop.ConfigureAwait(false);
        if (_timer is not null) await _timer.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask GiveBackAsync(Claim claim)
    {
        bool isLastOfGroup;
        ITimer? idle = null;
        lock (_lock)
        {
            // The list may already hold a newer claim of the same key.
            if (_claims.GetValueOrDefault(claim.Key.Key) == claim) _claims.Remove(claim.Key.Key);
            isLastOfGroup = claim.Key.IsPartitioned && !_claims.Values.Any(c => c.Key.Name == claim.Key.Name);
            if (_claims.Count == 0) (idle, _timer) = (_timer, null);
        }

        try
        {
            idle?.Dispose();
        }
        catch (Exception e)
        {
            claim.Report(e);
        }

        try
        {
            await WriteBackAsync(claim, isLastOfGroup).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A lease that was not released expires after the timeout.
            claim.Report(e);
        }

        claim.GivenBack.TrySetResult();
    }

    private async ValueTask WriteBackAsync(Claim claim, bool isLastOfGroup)
    {
        RecordChange[] leave = isLastOfGroup ? [RecordChange.Remove(RecordKind.Lease, PartitionId.MemberKey(claim.Key.Name, Owner))] : [];
        if (claim.Lease is { } lease)
        {
            var free = new LeaseRecord(Guid.Empty, lease.Epoch, 0).Put(claim.Key.Key, null);
            var written = await log.WriteAsync(new() { Requirements = lease.Requirements, Changes = [free, .. leave] }, CancellationToken.None).ConfigureAwait(false);
            // If it is refused, another process has the lease.
            if (written.Refusal is null) return;
        }

        if (leave.Length > 0) await log.WriteAsync(new() { Changes = leave }, CancellationToken.None).ConfigureAwait(false);
    }

    // The loop serves all subscriptions of the process: it continues with the next round after any exception.
    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(_stop.Token).ConfigureAwait(false);
                // Combines several wake-ups into one.
                while (_wake.Wait(0, CancellationToken.None))
                {
                }

                await RoundAsync().ConfigureAwait(false);
                Interlocked.Increment(ref _rounds);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                // A lease that is not renewed expires by its owner's clock.
                Report(e);
            }
        }
    }

    private void Report(Exception error)
    {
        Claim[] claims;
        lock (_lock) claims = [.. _claims.Values];
        foreach (var claim in claims) claim.Report(error);
    }

    private async Task RoundAsync()
    {
        Claim[] claims;
        lock (_lock) claims = [.. _claims.Values];
        if (claims.Length == 0) return;
        var before = time.GetTimestamp();
        var round = new LeaseRound(Owner, IsExpired);
        foreach (var group in claims.GroupBy(c => c.Key.Name))
            await round.ReadAsync(log, group.First().Key, [.. group.Select(c => c.Key.Key)], _stop.Token).ConfigureAwait(false);
        var verdicts = claims.Select(c => round.Decide(c.Key, c.Lease, c.MinEpoch, claims.Count(o => o.Key.Name == c.Key.Name && o.Lease is { IsHeld: true, IsAskedBack: false }))).ToArray();
        await round.WriteAsync(log, _stop.Token).ConfigureAwait(false);
        for (var i = 0; i < claims.Length; i++)
        {
            try
            {
                await ApplyAsync(claims[i], round.Outcome(verdicts[i]), before).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                claims[i].Report(e);
            }
        }

        var now = time.GetTimestamp();
        lock (_lock)
        {
            foreach (var (key, record) in round.Seen)
                if (!_seen.TryGetValue(key, out var known) || known.Record != record) _seen[key] = (record, now);
        }

        await LeaveAsync(claims).ConfigureAwait(false);
        LookAgainInTime(claims, verdicts, now);
    }

    // The round may have added this process as a member of a group again after its last claim was released.
    private async ValueTask LeaveAsync(Claim[] claims)
    {
        string[] left;
        lock (_lock)
            left = [.. claims.Where(c => c.Key.IsPartitioned).Select(c => c.Key.Name).Distinct().Where(name => !_claims.Values.Any(c => c.Key.Name == name))];
        if (left.Length == 0) return;
        await log.WriteAsync(new() { Changes = [.. left.Select(name => RecordChange.Remove(RecordKind.Lease, PartitionId.MemberKey(name, Owner)))] }, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>The owner of a lease that this process waits for, and the time since its record last changed; nulls where it has no owner or was not read yet.</summary>
    internal (Guid? Owner, TimeSpan? Silence) HolderOf(string key)
    {
        lock (_lock)
        {
            if (!_seen.TryGetValue(key, out var seen) || seen.Record.Owner == Guid.Empty || seen.Record.Owner == Owner) return (null, null);
            return (seen.Record.Owner, time.GetElapsedTime(seen.Since));
        }
    }

    /// <summary>Schedules the next round for the time at which a lease of another process may expire, if that is before the next interval.</summary>
    private void LookAgainInTime(Claim[] claims, LeaseVerdict[] verdicts, long now)
    {
        var next = Interval;
        for (var i = 0; i < claims.Length; i++)
        {
            if (verdicts[i].Kind != LeaseVerdictKind.Waiting || !_seen.TryGetValue(claims[i].Key.Key, out var seen) || seen.Record.Owner == Guid.Empty) continue;
            // Timers are rounded down to milliseconds.
            var rest = leaseTimeout - time.GetElapsedTime(seen.Since, now) + TimeSpan.FromMilliseconds(1);
            if (rest > TimeSpan.Zero && rest < next) next = rest;
        }

        if (next == Interval) return;
        lock (_lock) _timer?.Change(next, Interval);
    }

    private async ValueTask ApplyAsync(Claim claim, LeaseVerdict verdict, long before)
    {
        switch (verdict.Kind)
        {
            case LeaseVerdictKind.Failed:
                claim.Report(verdict.Error!);
                claim.Lease?.Lose();
                claim.Granted.TrySetException(verdict.Error!);
                break;
            case LeaseVerdictKind.Lost:
                claim.Lease!.Lose();
                break;
            case LeaseVerdictKind.Renewed:
                claim.Lease!.Renewed(before);
                if (verdict.IsAskedBack) claim.Lease.AskBack();
                break;
            case LeaseVerdictKind.Changed:
                // The next round reads the new owner from the record.
                _wake.Release();
                break;
            case LeaseVerdictKind.Granted:
                await GrantAsync(claim, verdict.Epoch, before).ConfigureAwait(false);
                break;
        }
    }

    private async ValueTask GrantAsync(Claim claim, long epoch, long before)
    {
        var lease = new Lease(claim.Key, Owner, epoch, leaseTimeout, time, before, claim.Report);
        bool isWanted;
        lock (_lock)
        {
            claim.Lease = lease;
            isWanted = _claims.TryGetValue(claim.Key.Key, out var current) && current == claim;
        }

        claim.Granted.TrySetResult(lease);
        // The claim was released during the round, so nothing waits for the lease.
        if (!isWanted) await GiveBackAsync(claim).ConfigureAwait(false);
    }

    private bool IsExpired(string key, LeaseRecord record) =>
        _seen.TryGetValue(key, out var seen) && seen.Record == record && time.GetElapsedTime(seen.Since) >= leaseTimeout;
}
