using EventSourcing;
using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using NUnit.Framework;

// blocks

/// <summary>Stands for the reader's tables.</summary>
internal abstract class Tables
{
    internal abstract GlobalPosition Head { get; }

    internal abstract AppendResult Insert(LogAppend append);

    internal abstract void Put(RecordKind kind, string key, byte[] value);

    internal abstract long VersionOf(StreamId stream);

    internal abstract StoredRecord? FindRecord(RecordKind kind, string key);

    internal abstract RecordedEvent At(GlobalPosition position);

    internal abstract GlobalPosition? PositionOf(Guid id);

    internal abstract GlobalPosition? FirstMatch(LogQuery query, GlobalPosition after);
}

/// <summary>Stands for the reader's log.</summary>
internal static class MyLog
{
    internal static IEventLog Open(string path, TimeProvider? time) => new InMemoryEventLog(new() { TimeProvider = time });
}
