using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>A log that counts what is asked of it.</summary>
internal sealed class CountingLog(LogUnderTest log) : DelegatingLog(log.Log)
{
    private int _reads, _waits, _transactions;

    /// <summary>Pages that were asked for.</summary>
    internal int Reads => Volatile.Read(ref _reads);

    /// <summary>Waits that were begun.</summary>
    internal int Waits => Volatile.Read(ref _waits);

    /// <summary>Transactions that are done.</summary>
    internal int Transactions => Volatile.Read(ref _transactions);

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

    public override async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        var result = await base.TransactAsync(work, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _transactions);
        log.Changed.Set();
        return result;
    }
}
