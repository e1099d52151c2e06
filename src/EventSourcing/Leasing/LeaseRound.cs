using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Leasing;

/// <summary>One round over the leases of a process: reads their records, decides, and writes all changes in one write. Each change is made only if its record has not changed since it was read.</summary>
/// <param name="owner">The owner id of this process.</param>
/// <param name="isExpired">True when a record has not changed for the lease timeout.</param>
internal sealed class LeaseRound(Guid owner, Func<string, LeaseRecord, bool> isExpired)
{
    // For a partitioned subscription: its leases and its members.
    private const int MaxRecords = 4096;

    private readonly Dictionary<string, StoredRecord> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Exception> _damaged = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Share> _shares = new(StringComparer.Ordinal);
    private readonly List<RecordChange> _changes = [];
    private readonly List<(string Key, LeaseRecord Record)> _seen = [];
    private IReadOnlyList<bool> _changed = [];

    /// <summary>The leases of other processes, as stored.</summary>
    internal IReadOnlyList<(string Key, LeaseRecord Record)> Seen => _seen;

    /// <summary>Reads the leases of a subscription, and its members if it is partitioned. One page is enough unless a record does not exist yet or is damaged.</summary>
    internal async ValueTask ReadAsync(IEventLog log, PartitionId key, IReadOnlyCollection<string> wanted, CancellationToken cancellationToken)
    {
        if (key.IsPartitioned) wanted = [.. wanted, PartitionId.MemberKey(key.Name, owner)];
        var (from, through) = key.IsPartitioned ? (key.Name + "/", PartitionId.LastOf(key.Name + "/")) : (key.Key, key.Key);
        while (!wanted.All(k => _records.ContainsKey(k) || _damaged.ContainsKey(k)))
        {
            if (await ReadPageAsync(log, from, through, cancellationToken).ConfigureAwait(false) is not { } last || !key.IsPartitioned) return;
            // No key sorts between a key and the same key followed by a space, because keys have no control characters.
            from = last + " ";
        }
    }

    /// <summary>Decides about one lease.</summary>
    /// <param name="key">The partition.</param>
    /// <param name="lease">The lease, if this process holds it.</param>
    /// <param name="minEpoch">The lowest epoch of a lease that is acquired.</param>
    /// <param name="held">The number of leases of the subscription that this process holds and need not release.</param>
    internal LeaseVerdict Decide(PartitionId key, Lease? lease, long minEpoch, int held)
    {
        // A record that cannot be read, damaged or of a newer version of the library, fails only its own subscription.
        try
        {
            var share = key.IsPartitioned ? FindShare(key.Name, held) : null;
            var record = Find(key.Key, out var revision);
            return lease is not null ? Renew(lease, record, revision, share) : TryClaim(key.Key, record, revision, minEpoch, share);
        }
        catch (Exception e) when (e is StoreCorruptException or ArgumentException)
        {
            return new(LeaseVerdictKind.Failed, Error: e);
        }
    }

    /// <summary>Writes the decisions. Writes nothing when nothing changes.</summary>
    internal async ValueTask WriteAsync(IEventLog log, CancellationToken cancellationToken)
    {
        if (_changes.Count > 0) _changed = (await log.WriteAsync(new() { Changes = _changes }, cancellationToken).ConfigureAwait(false)).Changed;
    }

    /// <summary>The result of a decision after the write.</summary>
    internal LeaseVerdict Outcome(LeaseVerdict verdict) => verdict.Change is not { } change || _changed[change]
        ? verdict
        : new(verdict.Kind == LeaseVerdictKind.Granted ? LeaseVerdictKind.Waiting : LeaseVerdictKind.Changed);

    /// <summary>Reads a page. Returns its last key, or null for an empty page.</summary>
    private async ValueTask<string?> ReadPageAsync(IEventLog log, string from, string through, CancellationToken cancellationToken)
    {
        try
        {
            var page = await log.ReadRecordsAsync(RecordKind.Lease, from, through, MaxRecords, cancellationToken).ConfigureAwait(false);
            foreach (var record in page) _records[record.Key] = record;
            return page.Count == 0 ? null : page[^1].Key;
        }
        catch (StoreCorruptException e) when (e.RecordKey is { } key && Utf8Order.Instance.Compare(from, key) <= 0 && Utf8Order.Instance.Compare(key, through) <= 0)
        {
            _damaged[key] = e;
            return key;
        }
    }

    private LeaseRecord Find(string key, out long revision)
    {
        if (_damaged.TryGetValue(key, out var damage)) throw damage;
        revision = 0;
        if (!_records.TryGetValue(key, out var record)) return default;
        revision = record.Revision;
        return LeaseRecord.Parse(record);
    }

    private int Change(RecordChange change)
    {
        _changes.Add(change.OrSkip());
        return _changes.Count - 1;
    }

    private LeaseVerdict Renew(Lease lease, LeaseRecord record, long revision, Share? share)
    {
        if (!lease.IsMine(record)) return new(LeaseVerdictKind.Lost);
        var change = Change((record with { Renewals = record.Renewals + 1 }).Put(lease.Key.Key, revision));
        if (share is not { IsOver: true } || lease.IsAskedBack) return new(LeaseVerdictKind.Renewed, change);
        share.Held--;
        return new(LeaseVerdictKind.Renewed, change, IsAskedBack: true);
    }

    private LeaseVerdict TryClaim(string key, LeaseRecord record, long revision, long minEpoch, Share? share)
    {
        _seen.Add((key, record));
        // This process is the stored owner but does not hold the lease: an earlier write had an unknown outcome, or a release failed.
        if (share is { IsFull: true } || (record.Owner != Guid.Empty && record.Owner != owner && !isExpired(key, record))) return default;
        if (share is not null) share.Held++;
        var epoch = Math.Max(record.Epoch + 1, minEpoch);
        return new(LeaseVerdictKind.Granted, Change(new LeaseRecord(owner, epoch, 1).Put(key, revision)), epoch);
    }

    private Share FindShare(string name, int held)
    {
        if (!_shares.TryGetValue(name, out var share)) _shares.Add(name, share = new(ShareOf(name), held));
        return share;
    }

    /// <summary>The maximum number of partitions of this member: an equal share among the active members, rounded up.</summary>
    private int ShareOf(string name)
    {
        var own = PartitionId.MemberKey(name, owner);
        Change(new LeaseRecord(owner, 1, Find(own, out var revision).Renewals + 1).Put(own, revision));
        var (prefix, members) = (PartitionId.MembersOf(name), 1);
        foreach (var stored in _records.Values)
        {
            if (stored.Key == own || !stored.Key.StartsWith(prefix, StringComparison.Ordinal)) continue;
            var record = LeaseRecord.Parse(stored);
            _seen.Add((stored.Key, record));
            if (!isExpired(stored.Key, record)) members++;
            else Change(RecordChange.Remove(RecordKind.Lease, stored.Key, stored.Revision));
        }

        return (PartitionId.PartitionCount + members - 1) / members;
    }

    private sealed class Share(int target, int held)
    {
        internal bool IsFull => Held >= target;

        internal bool IsOver => Held > target;

        internal int Held { get; set; } = held;
    }
}
