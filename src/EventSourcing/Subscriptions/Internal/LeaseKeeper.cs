using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions.Internal;

/// <summary>Gets, renews and gives back all leases of a process: one transaction per interval for all of them.</summary>
/// <remarks>
/// No clock is compared with another. A holder counts from before its renewal began, a contender from after it saw that nothing had
/// changed since it looked last; so the holder gives up first, unless it was frozen, and then the epoch refuses what it writes.
/// </remarks>
internal sealed class LeaseKeeper(IEventLog log, SubscriberOptions options) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Claim> _claims = [];
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, (LeaseRecord Record, long Since)> _seen = [];
    private ITimer? _timer;
    private Task? _loop;

    internal Guid Owner { get; } = Guid.NewGuid();

    private sealed class Claim(SegmentKey key, Action<Exception> report)
    {
        internal SegmentKey Key { get; } = key;

        internal Action<Exception> Report { get; } = report;

        internal Lease? Lease { get; set; }

        internal TaskCompletionSource<Lease> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>How often leases are renewed, and claims tried again.</summary>
    internal TimeSpan Interval => options.LeaseTimeout / 3;

    /// <summary>Waits until the lease is this process's.</summary>
    /// <param name="key">Whose lease.</param>
    /// <param name="report">Told of trouble while the lease is waited for or held. It passes, or the lease is lost.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StoreCorruptException">The lease's record is not known.</exception>
    internal async Task<Lease> AcquireAsync(SegmentKey key, Action<Exception> report, CancellationToken cancellationToken)
    {
        var claim = new Claim(key, report);
        lock (_lock)
        {
            _timer ??= Uncaptured.Timer(options.TimeProvider, _ => _wake.Release(), null, Interval, Interval);
            _loop ??= Uncaptured.Run(LoopAsync);
            _claims.Add(key.Key, claim);
        }

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

    /// <summary>Gives a lease back, so that another has it at once. Does nothing to one that passed on.</summary>
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
            // One that was given up is not in the list any more, and the next claim of its key may be.
            if (_claims.GetValueOrDefault(claim.Key.Key) == claim) _claims.Remove(claim.Key.Key);
            isLastOfGroup = claim.Key.IsGroup && !_claims.Values.Any(c => c.Key.Name == claim.Key.Name);
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

        if (claim.Lease is null && !isLastOfGroup) return;
        try
        {
            await log.TransactAsync(transaction =>
            {
                if (claim.Lease is { } lease && LeaseRecord.Find(transaction, claim.Key.Key) is var record && lease.IsMine(record))
                    (record with { Owner = Guid.Empty }).Put(transaction, claim.Key.Key);
                if (isLastOfGroup) transaction.TryRemove(RecordKind.Lease, MemberKey(claim.Key.Name), null);
                return true;
            }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Not given back, it passes on by itself after the timeout.
            claim.Report(e);
        }
    }

    // It serves all subscriptions of the process: whatever is thrown, it goes on with the next round.
    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(_stop.Token).ConfigureAwait(false);
                // Wakes that came together are one.
                while (_wake.Wait(0, CancellationToken.None))
                {
                }

                await RoundAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                // Leases not renewed end by the clock of those who hold them.
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
        lock (_lock)
            if (_claims.Count == 0) return;
        var before = options.TimeProvider.GetTimestamp();
        var verdicts = await log.TransactAsync(Judge, _stop.Token).ConfigureAwait(false);
        foreach (var (claim, verdict) in verdicts.Claims)
        {
            try
            {
                await ApplyAsync(claim, verdict, before).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                claim.Report(e);
            }
        }

        var now = options.TimeProvider.GetTimestamp();
        lock (_lock)
        {
            foreach (var (key, record) in verdicts.Seen)
                if (!_seen.TryGetValue(key, out var known) || known.Record != record) _seen[key] = (record, now);
        }

        LookAgainInTime(verdicts, now);
    }

    /// <summary>Who holds a lease that this process waits for, and for how long nothing of it has changed; nulls where nobody does, or it was not looked at yet.</summary>
    internal (Guid? Owner, TimeSpan? Silence) HolderOf(string key)
    {
        lock (_lock)
        {
            if (!_seen.TryGetValue(key, out var seen) || seen.Record.Owner == Guid.Empty || seen.Record.Owner == Owner) return (null, null);
            return (seen.Record.Owner, options.TimeProvider.GetElapsedTime(seen.Since));
        }
    }

    /// <summary>A lease that is waited for is looked at again when it may have ended, not up to an interval later.</summary>
    private void LookAgainInTime(Verdicts verdicts, long now)
    {
        var next = Interval;
        foreach (var (claim, verdict) in verdicts.Claims)
        {
            if (verdict.Kind != VerdictKind.Waiting || !_seen.TryGetValue(claim.Key.Key, out var seen) || seen.Record.Owner == Guid.Empty) continue;
            // Timers are rounded down to milliseconds.
            var rest = options.LeaseTimeout - options.TimeProvider.GetElapsedTime(seen.Since, now) + TimeSpan.FromMilliseconds(1);
            if (rest > TimeSpan.Zero && rest < next) next = rest;
        }

        if (next == Interval) return;
        lock (_lock) _timer?.Change(next, Interval);
    }

    private async ValueTask ApplyAsync(Claim claim, Verdict verdict, long before)
    {
        if (verdict.Error is { } error)
        {
            claim.Report(error);
            claim.Lease?.Lose();
            claim.Granted.TrySetException(error);
            return;
        }

        if (verdict.Kind == VerdictKind.Lost)
        {
            claim.Lease!.Lose();
            return;
        }

        if (verdict.Kind == VerdictKind.Renewed)
        {
            claim.Lease!.Renewed(before);
            if (verdict.IsAskedBack) claim.Lease.AskBack();
            return;
        }

        if (verdict.Kind != VerdictKind.Granted) return;
        var lease = new Lease(claim.Key, Owner, verdict.Epoch, options.LeaseTimeout, options.TimeProvider, before, claim.Report);
        bool isWanted;
        lock (_lock)
        {
            claim.Lease = lease;
            isWanted = _claims.TryGetValue(claim.Key.Key, out var current) && current == claim;
        }

        claim.Granted.TrySetResult(lease);
        // Nobody waits for it any more: it was given up while the transaction was under way.
        if (!isWanted) await GiveBackAsync(claim).ConfigureAwait(false);
    }

    private enum VerdictKind
    {
        Waiting,
        Granted,
        Renewed,
        Lost,
        Failed,
    }

    private readonly record struct Verdict(VerdictKind Kind, long Epoch = 0, bool IsAskedBack = false, Exception? Error = null)
    {
        internal static Verdict Failed(Exception error) => new(VerdictKind.Failed, Error: error);
    }

    private sealed record Verdicts(List<(Claim Claim, Verdict Verdict)> Claims, List<(string Key, LeaseRecord Record)> Seen);

    // Changes nothing but the transaction, which may have to be repeated.
    private Verdicts Judge(ILogTransaction transaction)
    {
        Claim[] claims;
        // As they are now: what was given back while this waited for its turn must not be claimed again.
        lock (_lock) claims = [.. _claims.Values];
        var verdicts = new Verdicts([], []);
        var shares = new Dictionary<string, Share>(StringComparer.Ordinal);
        foreach (var claim in claims) verdicts.Claims.Add((claim, Judge(transaction, claim, claims, shares, verdicts)));
        return verdicts;
    }

    // A record that cannot be read, damaged or of a newer version of the library, is the trouble of its own subscription and of no other.
    private Verdict Judge(ILogTransaction transaction, Claim claim, Claim[] claims, Dictionary<string, Share> shares, Verdicts verdicts)
    {
        try
        {
            var share = claim.Key.IsGroup ? FindShare(transaction, claim.Key.Name, claims, shares, verdicts) : null;
            return claim.Lease is { } lease ? Renew(transaction, lease, share) : TryClaim(transaction, claim, share, verdicts);
        }
        catch (Exception e) when (e is StoreCorruptException or ArgumentException)
        {
            return Verdict.Failed(e);
        }
    }

    private Share FindShare(ILogTransaction transaction, string name, Claim[] claims, Dictionary<string, Share> shares, Verdicts verdicts)
    {
        if (shares.TryGetValue(name, out var share)) return share;
        share = new(ShareOf(transaction, name, verdicts), claims.Count(c => c.Key.Name == name && c.Lease is { IsHeld: true, IsAskedBack: false }));
        shares.Add(name, share);
        return share;
    }

    private sealed class Share(int target, int held)
    {
        internal bool IsFull => Held >= target;

        internal bool IsOver => Held > target;

        internal int Held { get; set; } = held;
    }

    private static Verdict Renew(ILogTransaction transaction, Lease lease, Share? share)
    {
        var record = LeaseRecord.Find(transaction, lease.Key.Key);
        if (!lease.IsMine(record)) return new(VerdictKind.Lost);
        (record with { Renewals = record.Renewals + 1 }).Put(transaction, lease.Key.Key);
        if (share is not { IsOver: true } || lease.IsAskedBack) return new(VerdictKind.Renewed);
        share.Held--;
        return new(VerdictKind.Renewed, IsAskedBack: true);
    }

    private Verdict TryClaim(ILogTransaction transaction, Claim claim, Share? share, Verdicts verdicts)
    {
        var record = LeaseRecord.Find(transaction, claim.Key.Key);
        verdicts.Seen.Add((claim.Key.Key, record));
        if (share is { IsFull: true } || (record.Owner != Guid.Empty && !IsExpired(claim.Key.Key, record))) return default;
        if (share is not null) share.Held++;
        new LeaseRecord(Owner, record.Epoch + 1, 1).Put(transaction, claim.Key.Key);
        return new(VerdictKind.Granted, record.Epoch + 1);
    }

    private bool IsExpired(string key, LeaseRecord record) =>
        _seen.TryGetValue(key, out var seen) && seen.Record == record && options.TimeProvider.GetElapsedTime(seen.Since) >= options.LeaseTimeout;

    /// <summary>How many segments are this member's: an equal part among the members that show signs of life, rounded up.</summary>
    private int ShareOf(ILogTransaction transaction, string name, Verdicts verdicts)
    {
        var own = MemberKey(name);
        var renewals = LeaseRecord.Find(transaction, own).Renewals;
        new LeaseRecord(Owner, 1, renewals + 1).Put(transaction, own);
        var members = 0;
        foreach (var stored in transaction.Range(RecordKind.Lease, SegmentKey.MembersOf(name), SegmentKey.LastOf(SegmentKey.MembersOf(name)), 4096))
        {
            var record = LeaseRecord.Parse(stored);
            verdicts.Seen.Add((stored.Key, record));
            if (stored.Key == own || !IsExpired(stored.Key, record)) members++;
            else transaction.TryRemove(RecordKind.Lease, stored.Key, null);
        }

        return (SegmentKey.GroupSegments + members - 1) / Math.Max(1, members);
    }

    private string MemberKey(string name) => SegmentKey.MembersOf(name) + Owner.ToString("N");
}
