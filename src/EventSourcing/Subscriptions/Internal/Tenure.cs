namespace EventSourcing.Subscriptions.Internal;

/// <summary>The time during which a runner holds its lease.</summary>
/// <param name="lease">The lease.</param>
/// <param name="time">This process's own clock.</param>
/// <param name="abort">Cancelled when the runner's time to stop is over.</param>
internal sealed class Tenure(Lease lease, TimeProvider time, CancellationToken abort) : IDisposable
{
    private readonly CancellationTokenSource _ended = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, abort);

    internal Lease Lease { get; } = lease;

    /// <summary>For handlers: cancelled when the lease is lost or the time to stop is over.</summary>
    internal CancellationToken Token => _ended.Token;

    /// <summary>When <see cref="ThrowIfLost"/> was called last: before each event or batch.</summary>
    internal long CheckedAt { get; private set; }

    internal void ThrowIfLost()
    {
        CheckedAt = time.GetTimestamp();
        if (!Lease.IsHeldAt(CheckedAt)) throw Lease.Error();
    }

    /// <summary>What to throw for an exception that came once <see cref="Token"/> was cancelled.</summary>
    internal Exception CutShort(Exception error) => abort.IsCancellationRequested
        ? new OperationCanceledException("The handler was cut short by the end of its subscription.", error)
        : Lease.Error();

    public void Dispose() => _ended.Dispose();
}
