using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Leasing;

/// <summary>A lease that was granted, in one epoch. Held while it is renewed in time by this process's own clock; what is written under it is judged again in the transaction.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A source without timer or wait handle holds nothing that disposal would release.")]
internal sealed class Lease(PartitionId key, Guid owner, long epoch, TimeSpan timeout, TimeProvider time, long renewedAt, Action<Exception> report)
{
    private readonly CancellationTokenSource _ended = new(), _askedBack = new();
    private long _renewedAt = renewedAt;
    private volatile bool _isLost;

    internal PartitionId Key { get; } = key;

    internal long Epoch { get; } = epoch;

    /// <summary>Cancelled when the lease is lost.</summary>
    internal CancellationToken Lost => _ended.Token;

    /// <summary>False once it is lost, or was not renewed in time: another may have it then.</summary>
    internal bool IsHeld => IsHeldAt(time.GetTimestamp());

    /// <summary>Cancelled when another member of the group should have it.</summary>
    internal CancellationToken AskedBack => _askedBack.Token;

    internal bool IsAskedBack => _askedBack.IsCancellationRequested;

    /// <summary>The same at a time that is now.</summary>
    internal bool IsHeldAt(long timestamp) => !_isLost && time.GetElapsedTime(Volatile.Read(ref _renewedAt), timestamp) < timeout;

    internal LeaseLostException Error() => new(Key.Key, owner, Epoch);

    internal void Renewed(long timestamp) => Volatile.Write(ref _renewedAt, timestamp);

    /// <summary>Does not wait for those who are told: handlers have callbacks among them.</summary>
    internal void Lose()
    {
        _isLost = true;
        _ = _ended.CancelQuietlyAsync(report);
    }

    /// <summary>Does not wait for those who are told.</summary>
    internal void AskBack() => _ = _askedBack.CancelQuietlyAsync(report);

    internal bool IsMine(LeaseRecord record) => record.Owner == owner && record.Epoch == Epoch;

    /// <summary>Of every write of a checkpoint or an effect: it is refused when the lease has passed on.</summary>
    internal IReadOnlyList<RecordRequirement> Requirements { get; } = [LeaseRecord.HeldBy(key.Key, owner, epoch)];
}
