using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>Counts what was asked of a log, and how many wait at it; can have a write wait for its turn.</summary>
internal sealed class CountingLog(IEventLog log) : DelegatingLog(log)
{
    private long _writes, _reads, _recordReads;
    private int _waiting;

    /// <summary>Set after every change of a count.</summary>
    public Signal Changed { get; } = new();

    /// <summary>Those that are done.</summary>
    public long Writes => Volatile.Read(ref _writes);

    public long RecordReads => Volatile.Read(ref _recordReads);

    /// <summary>Records in the answers to reads of records.</summary>
    public long RecordsRead { get; private set; }

    public long Reads => Volatile.Read(ref _reads);

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>What the next write waits for.</summary>
    public Func<Task>? BeforeNextWrite { get; set; }

    /// <summary>What the next write's answer waits for, once it is committed.</summary>
    public Func<Task>? AfterNextWrite { get; set; }

    /// <summary>Told of every write that is done.</summary>
    public Action<LogWrite>? Written { get; set; }

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

    public override async ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        var records = await Inner.ReadRecordsAsync(kind, from, through, max, cancellationToken);
        Interlocked.Increment(ref _recordReads);
        RecordsRead += records.Count;
        Changed.Set();
        return records;
    }

    public override async ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        if (BeforeNextWrite is { } happen)
        {
            BeforeNextWrite = null;
            await happen();
        }

        var written = await Inner.WriteAsync(write, cancellationToken);
        Interlocked.Increment(ref _writes);
        Written?.Invoke(write);
        Changed.Set();
        if (AfterNextWrite is { } follow)
        {
            AfterNextWrite = null;
            await follow();
        }

        return written;
    }
}
