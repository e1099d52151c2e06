using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>Counts what was asked of a log, and how many wait at it; can have a transaction wait for its turn.</summary>
internal sealed class CountingLog(IEventLog log) : DelegatingLog(log)
{
    private long _transactions, _reads;
    private int _waiting;

    /// <summary>Set after every change of a count.</summary>
    public Signal Changed { get; } = new();

    /// <summary>Those that are done.</summary>
    public long Transactions => Volatile.Read(ref _transactions);

    public long Reads => Volatile.Read(ref _reads);

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>What the next transaction waits for.</summary>
    public Func<Task>? BeforeNextTransaction { get; set; }

    /// <summary>What the next transaction's answer waits for, once it is committed.</summary>
    public Func<Task>? AfterNextTransaction { get; set; }

    public override ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        return Inner.ReadAsync(read, cancellationToken);
    }

    public override async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        Changed.Set();
        try
        {
            await Inner.WaitAsync(after, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public override async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        if (BeforeNextTransaction is { } happen)
        {
            BeforeNextTransaction = null;
            await happen();
        }

        var result = await Inner.TransactAsync(work, cancellationToken);
        Interlocked.Increment(ref _transactions);
        Changed.Set();
        if (AfterNextTransaction is { } follow)
        {
            AfterNextTransaction = null;
            await follow();
        }

        return result;
    }
}
