using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>What the work of a transaction sees of the log; dead once the work has returned.</summary>
internal sealed class InMemoryTransaction(Writer writer) : ILogTransaction
{
    private readonly int _threadId = Environment.CurrentManagedThreadId;
    private Writer? _writer = writer;

    private Writer Writer
    {
        get
        {
            var writer = _writer ?? throw new InvalidOperationException("The transaction has ended; it is not to be kept beyond its work.");
            if (_threadId != Environment.CurrentManagedThreadId)
                throw new InvalidOperationException("The transaction was used by another thread than the one that runs its work. Nothing was done; use it within the work, on its thread.");
            return writer;
        }
    }

    public bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record)
    {
        ArgumentNullException.ThrowIfNull(key);
        record = Writer.Records.Find(kind, key);
        return record is not null;
    }

    public bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision)
    {
        ArgumentNullException.ThrowIfNull(key);
        Name.ThrowIfInvalid(key, "record key", nameof(key));
        return Writer.Records.TryPut(kind, key, value, ifRevision);
    }

    public bool TryRemove(RecordKind kind, string key, long? ifRevision)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Writer.Records.TryRemove(kind, key, ifRevision);
    }

    public IReadOnlyList<Record> Range(RecordKind kind, string from, string? through, int max)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return Writer.Records.Range(kind, from, through, max);
    }

    public AppendResult Append(LogAppend append)
    {
        ArgumentNullException.ThrowIfNull(append);
        Writer.Validate(append);
        Writer.Append(append, out var result);
        return result;
    }

    /// <summary>Erases the events of a stream through a version, when the transaction is committed.</summary>
    internal void Erase(StreamId stream, long throughVersion) => Writer.Erase(stream, throughVersion);

    internal void End() => _writer = null;
}
