using EventSourcing.Internal;

namespace EventSourcing.Leasing;

/// <summary>The time during which a runner holds its lease.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA2213", Justification = "A source without timer or wait handle holds nothing that disposal would release, and handlers may hold its token for longer.")]
internal sealed class LeaseScope : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationToken _abort;
    private readonly Action<Exception> _report;
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenRegistration _whenLost, _whenAborted;

    /// <summary>Begins the scope of a lease.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="time">This process's own clock.</param>
    /// <param name="report">Called with exceptions of callbacks on <see cref="Token"/>.</param>
    /// <param name="abort">Cancelled when the stop timeout of the runner has passed.</param>
    internal LeaseScope(Lease lease, TimeProvider time, Action<Exception> report, CancellationToken abort)
    {
        (Lease, _time, _abort, _report) = (lease, time, abort, report);
        _whenLost = lease.Lost.UnsafeRegister(static state => ((LeaseScope)state!).End(), this);
        _whenAborted = abort.UnsafeRegister(static state => ((LeaseScope)state!).End(), this);
    }

    internal Lease Lease { get; }

    /// <summary>The token for handlers: cancelled when the lease is lost or the stop timeout has passed.</summary>
    internal CancellationToken Token => _ended.Token;

    /// <summary>The time of the last call of <see cref="ThrowIfLost"/>, which precedes each event or batch.</summary>
    internal long CheckedAt { get; private set; }

    internal void ThrowIfLost()
    {
        CheckedAt = _time.GetTimestamp();
        if (!Lease.IsHeldAt(CheckedAt)) throw Lease.Error();
    }

    /// <summary>The exception to throw in place of one that was thrown after <see cref="Token"/> was cancelled.</summary>
    internal Exception CutShort(Exception error) => _abort.IsCancellationRequested
        ? new OperationCanceledException("The handler was cancelled because its subscription stops or its lease is lost.", error)
        : Lease.Error();

    /// <summary>Does not wait for callbacks in progress, because they belong to the handler.</summary>
    public void Dispose()
    {
        _whenLost.Unregister();
        _whenAborted.Unregister();
    }

    private void End() => _ended.CancelQuietly(_report);
}
