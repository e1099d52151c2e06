using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log that counts its calls.</summary>
internal sealed class CountingLog(LogUnderTest log) : DelegatingLog(log.Log)
{
    private int _reads, _waits, _writes;

    /// <summary>The number of pages that were requested.</summary>
    internal int Reads => Volatile.Read(ref _reads);

    /// <summary>The number of waits that were started.</summary>
    internal int Waits => Volatile.Read(ref _waits);

    /// <summary>The number of completed writes, without those that run a user's function.</summary>
    internal int Writes => Volatile.Read(ref _writes);

    public override ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        return base.ReadAsync(read, cancellationToken);
    }

    public override ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waits);
        log.Changed.Set();
        return base.WaitAsync(after, cancellationToken);
    }

    public override async ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        var written = await base.WriteAsync(write, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _writes);
        log.Changed.Set();
        return written;
    }
}
