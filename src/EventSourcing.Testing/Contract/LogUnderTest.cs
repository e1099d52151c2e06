using System.Globalization;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>The log of a case, with the helper methods of the cases.</summary>
internal sealed class LogUnderTest(ILogFixture fixture, IEventLog log, DrivenClock clock) : IAsyncDisposable
{
    private static readonly RecordKind[] Kinds = Enum.GetValues<RecordKind>();

    private IEventLog? _second;

    internal IEventLog Log { get; private set; } = log;

    internal DrivenClock Clock { get; } = clock;

    /// <summary>Set whenever a condition that a case waits for may have become true.</summary>
    internal Signal Changed { get; } = new();

    public async ValueTask DisposeAsync()
    {
        if (_second is not null) await _second.DisposeAsync().ConfigureAwait(false);
        await Log.DisposeAsync().ConfigureAwait(false);
    }

    internal async Task<IEventLog> OpenSecondAsync() => _second ??= await fixture.OpenAsync(Clock).ConfigureAwait(false);

    internal async Task ReopenAsync()
    {
        await Log.DisposeAsync().ConfigureAwait(false);
        Log = await fixture.OpenAsync(Clock).ConfigureAwait(false);
    }

    internal async Task<AppendResult> AppendAsync(LogAppend append) => await Log.AppendAsync(append, CancellationToken.None).ConfigureAwait(false);

    internal Task<AppendResult> AppendAsync(StreamId stream, params LogEvent[] events) => AppendAsync(stream, ExpectedVersion.Any, events);

    internal Task<AppendResult> AppendAsync(StreamId stream, ExpectedVersion expected, params LogEvent[] events) =>
        AppendAsync(new LogAppend { Writes = Make.Writes(new StreamWrite(stream, expected, events)) });

    internal async Task<LogWritten> WriteAsync(LogWrite write) => await Log.WriteAsync(write, CancellationToken.None).ConfigureAwait(false);

    internal Task<LogWritten> ChangeAsync(params RecordChange[] changes) => WriteAsync(new() { Changes = changes });

    /// <summary>Stores a record. False if it has another revision.</summary>
    internal async Task<bool> PutAsync(RecordKind kind, string key, ReadOnlyMemory<byte> value, long? ifRevision = null) =>
        (await ChangeAsync(RecordChange.Put(kind, key, value, ifRevision).OrSkip()).ConfigureAwait(false)).Changed[0];

    internal async Task<StoredRecord?> FindRecordAsync(RecordKind kind, string key)
    {
        var found = await Log.ReadRecordsAsync(kind, key, key, 1, CancellationToken.None).ConfigureAwait(false);
        return found.Count == 0 ? null : found[0];
    }

    internal async Task<IReadOnlyList<StoredRecord>> RecordsAsync(RecordKind kind, string from = "", string? through = null, int max = 1000) =>
        await Log.ReadRecordsAsync(kind, from, through, max, CancellationToken.None).ConfigureAwait(false);

    /// <summary>Runs a write with a user's function in its transaction, for any type of transaction.</summary>
    internal async Task<LogWritten> WriteAsync(LogWrite write, Action<object> work) =>
        await Log.Find<IUserTransactions<object>>()!.WriteAsync(write, work, CancellationToken.None).ConfigureAwait(false);

    /// <summary>Runs a user's function in a transaction of its own.</summary>
    internal async Task<T> WorkAsync<T>(Func<T> work)
    {
        var result = default(T)!;
        await WriteAsync(LogWrite.Empty, _ => result = work()).ConfigureAwait(false);
        return result;
    }

    /// <summary>Asserts that an append is refused and that nothing of it is stored.</summary>
    internal async Task<TException> RefusesAsync<TException>(LogAppend append) where TException : Exception
    {
        var before = await DescribeAsync().ConfigureAwait(false);
        var refusal = await Expect.ThrowsAsync<TException>(() => AppendAsync(append), "the append").ConfigureAwait(false);
        Expect.Equal(before, await DescribeAsync().ConfigureAwait(false), "the log after the refused append");
        return refusal;
    }

    internal async Task<(List<RecordedEvent> Events, GlobalPosition Head)> PageAsync(LogRead read)
    {
        using var page = await Log.ReadAsync(read, CancellationToken.None).ConfigureAwait(false);
        return ([.. page.Events], page.Head);
    }

    /// <summary>Returns every event of a read, page after page.</summary>
    internal Task<List<RecordedEvent>> ReadAsync(RangeRead read) => ReadAsync(Log, read);

    internal static async Task<List<RecordedEvent>> ReadAsync(IEventLog log, RangeRead read)
    {
        var events = new List<RecordedEvent>();
        for (var next = read; next is not null;)
        {
            using var page = await log.ReadAsync(next, CancellationToken.None).ConfigureAwait(false);
            Expect.True(page.Events.Length <= next.MaxCount, "a page holds no more than was asked for");
            events.AddRange(page.Events);
            next = next.Next(page);
        }

        return events;
    }

    internal Task<List<RecordedEvent>> ReadAllAsync() => ReadAsync(new AllRead());

    internal Task<List<RecordedEvent>> ReadStreamAsync(StreamId stream) => ReadAsync(new StreamRead(stream));

    internal async Task<long> HeadAsync() => (await Log.GetHeadAsync().ConfigureAwait(false)).ToInt64();

    internal async Task<long> VersionAsync(StreamId stream)
    {
        using var page = await Log.ReadAsync(new StreamRead(stream) { MaxCount = 1 }, CancellationToken.None).ConfigureAwait(false);
        return page.StreamVersion;
    }

    internal async Task<RecordedEvent?> FindAsync(Guid id) => await Log.FindEventAsync(id).ConfigureAwait(false);

    internal async Task<long> TrackedAsync(string source) =>
        await FindRecordAsync(RecordKind.Tracking, source).ConfigureAwait(false) is { } record ? BitConverter.ToInt64(record.Value.Span) : 0;

    /// <summary>Returns the whole content of the log as text.</summary>
    internal async Task<string> DescribeAsync()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"head {await HeadAsync().ConfigureAwait(false)}");
        foreach (var e in await ReadAllAsync().ConfigureAwait(false))
            text.Append(CultureInfo.InvariantCulture, $"; {e.Position} {e.StreamId}@{e.Version} {e.Type} {e.Id} {e.Data.Length} {string.Join(',', e.Tags ?? [])}");
        foreach (var kind in Kinds)
            foreach (var record in await RecordsAsync(kind).ConfigureAwait(false))
                text.Append(CultureInfo.InvariantCulture, $"; {record.Key}#{record.Revision}={Convert.ToHexString(record.Value.Span)}");
        return text.ToString();
    }
}
