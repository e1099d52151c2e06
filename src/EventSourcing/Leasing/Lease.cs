using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Leasing;

/// <summary>A granted lease with its fencing token. It is held while it is renewed in time by this process's own clock. Every write under it checks the stored lease again in its transaction.</summary>
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

    /// <summary>False when the lease is lost or was not renewed in time: another process may have taken it over.</summary>
    internal bool IsHeld => IsHeldAt(time.GetTimestamp());

    /// <summary>Cancelled when this process must release the lease so that another process can take it.</summary>
    internal CancellationToken AskedBack => _askedBack.Token;

    internal bool IsAskedBack => _askedBack.IsCancellationRequested;

    /// <summary>As <see cref="IsHeld"/>, for a timestamp that was just read.</summary>
    internal bool IsHeldAt(long timestamp) => !_isLost && time.GetElapsedTime(Volatile.Read(ref _renewedAt), timestamp) < timeout;

    internal LeaseLostException Error() => new(Key.Key, owner, Epoch);

    internal void Renewed(long timestamp) => Volatile.Write(ref _renewedAt, timestamp);

    /// <summary>Cancels the token without waiting for its callbacks, because some belong to the handler.</summary>
    internal void Lose()
    {
        _isLost = true;
        _ = _ended.CancelQuietlyAsync(report);
    }

    /// <summary>Cancels the token without waiting for its callbacks.</summary>
    internal void AskBack() => _ = _askedBack.CancelQuietlyAsync(report);

    internal bool IsMine(LeaseRecord record) => record.Owner == owner && record.Epoch == Epoch;

    /// <summary>The requirements of every write of a checkpoint or an effect: the log refuses the write when another process holds the lease.</summary>
    internal IReadOnlyList<RecordRequirement> Requirements { get; } = [LeaseRecord.HeldBy(key.Key, owner, epoch)];
}
