using System.Diagnostics.CodeAnalysis;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>The inside of a transaction, as handed to work of the layers above.</summary>
internal sealed class LogTransaction(Func<LogAppend, AppendResult> append, WriteSession session, LogLimits limits) : ILogTransaction
{
    private bool _ended;

    internal LogTransaction(WriteSession session, LogLimits limits) : this(session.Append, session, limits)
    {
    }

    public bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record) => Records.TryGet(Known(kind), key, out record);

    public bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision)
    {
        RecordKey.ThrowIfInvalid(key);
        return Records.TryPut(Known(kind), key, value, ifRevision);
    }

    public bool TryRemove(RecordKind kind, string key, long? ifRevision) => Records.TryRemove(Known(kind), key, ifRevision);

    public IReadOnlyList<Record> Range(RecordKind kind, string from, string? through, int max)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return Records.Range(Known(kind), from, through, max);
    }

    public AppendResult Append(LogAppend what)
    {
        ArgumentNullException.ThrowIfNull(what);
        ThrowIfEnded();
        what.Validate(limits);
        return append(what);
    }

    /// <summary>Erases the events of a stream through a version; returns how many.</summary>
    internal long Erase(StreamId stream, long throughVersion, string reason)
    {
        ThrowIfEnded();
        return session.Erase(stream, throughVersion, reason);
    }

    internal void End() => _ended = true;

    private RecordTable Records
    {
        get
        {
            ThrowIfEnded();
            return session.Records;
        }
    }

    private static RecordKind Known(RecordKind kind) =>
        Enum.IsDefined(kind) ? kind : throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such kind of record.");

    internal void ThrowIfEnded()
    {
        if (_ended) throw new InvalidOperationException("The transaction has ended; it is not to be kept.");
    }
}
