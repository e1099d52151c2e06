using EventSourcing.Storage;

namespace EventSourcing.Benchmarks;

/// <summary>Appends to a log with objects that are used again, so that what is measured as allocated is the log's.</summary>
/// <remarks>A log keeps nothing of an append after the call, so the arrays behind it may change between two calls.</remarks>
internal sealed class LogCaller
{
    private readonly IEventLog _log;
    private readonly StreamWrite[] _writes;
    private readonly ReadOnlyMemory<LogEvent> _events;
    private readonly LogAppend _append;

    /// <param name="log">The log.</param>
    /// <param name="streams">How many streams an append writes to.</param>
    /// <param name="events">How many events it writes to each.</param>
    public LogCaller(IEventLog log, int streams, int events)
    {
        _log = log;
        _writes = new StreamWrite[streams];
        _events = Enumerable.Repeat(new LogEvent { Type = Sample.Type, Data = Sample.Data, Metadata = Sample.Metadata, IsJson = true }, events).ToArray();
        _append = new() { Writes = _writes };
    }

    public int Events => _events.Length;

    /// <summary>One append to one stream.</summary>
    public ValueTask<AppendResult> AppendAsync(StreamId stream, long version)
    {
        Set(0, stream, version);
        return AppendAsync();
    }

    /// <summary>Lets a write expect nothing: where an append writes to a stream twice, each write is judged against the state before it.</summary>
    public void Set(int write, StreamId stream) => _writes[write] = new(stream, ExpectedVersion.Any, _events);

    public void Set(int write, StreamId stream, long version) => _writes[write] = new(stream, ExpectedVersion.Exactly(version), _events);

    /// <summary>One append of all writes set.</summary>
    public ValueTask<AppendResult> AppendAsync() => _log.AppendAsync(_append, CancellationToken.None);
}
