using System.Globalization;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Events and appends of the cases.</summary>
internal static class Make
{
    internal static LogEvent Event(string type = "Happened", string data = "{}", Guid? id = null, params string[] tags) => new()
    {
        Type = type,
        Data = Encoding.UTF8.GetBytes(data),
        IsJson = true,
        Id = id,
        Tags = tags.Length == 0 ? null : [.. tags.Select(Tag.Parse)],
    };

    internal static LogEvent Sized(int bytes) => new() { Type = "Sized", Data = new byte[bytes] };

    /// <summary>Events that contain their number, starting at 1.</summary>
    internal static LogEvent[] Numbered(int count, string prefix = "") =>
        [.. Enumerable.Range(1, count).Select(i => Event(data: prefix + i.ToString(CultureInfo.InvariantCulture)))];

    /// <summary>An event id that is the same in every run.</summary>
    internal static Guid Id(int number) => new(number, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8);

    internal static LogEvent[] WithIds(params int[] numbers) =>
        [.. numbers.Select(n => Event(data: n.ToString(CultureInfo.InvariantCulture), id: Id(n)))];

    internal static ReadOnlyMemory<StreamWrite> Writes(params StreamWrite[] writes) => writes;

    internal static StreamWrite Write(StreamId stream, params LogEvent[] events) => new(stream, ExpectedVersion.Any, events);

    internal static LogAppend Append(StreamId stream, params LogEvent[] events) => new() { Writes = Writes(Write(stream, events)) };

    internal static LogAppend Append(StreamId stream, ExpectedVersion expected, params LogEvent[] events) =>
        new() { Writes = Writes(new StreamWrite(stream, expected, events)) };

    internal static LogAppend If(LogQuery query, long after, StreamId stream, params LogEvent[] events) => new()
    {
        Writes = Writes(Write(stream, events)),
        Condition = new(query, GlobalPosition.FromInt64(after)),
    };

    internal static LogAppend Command(string id, byte fingerprint, StreamId stream, params LogEvent[] events) => new()
    {
        Writes = events.Length == 0 ? default : Writes(Write(stream, events)),
        CommandId = id,
        Fingerprint = fingerprint == 0 ? default : new[] { fingerprint },
    };

    internal static LogAppend Tracked(string source, long position, StreamId stream, params LogEvent[] events) => new()
    {
        Writes = events.Length == 0 ? default : Writes(Write(stream, events)),
        Tracking = new(source, position),
    };

    internal static string Text(this in RecordedEvent e) => Encoding.UTF8.GetString(e.Data.Span);

    internal static string[] Texts(this IEnumerable<RecordedEvent> events) => [.. events.Select(e => e.Text())];

    internal static long[] Positions(this IEnumerable<RecordedEvent> events) => [.. events.Select(e => e.Position.ToInt64())];

    internal static long[] Positions(this AppendResult result) => [.. result.Positions.Select(p => p.ToInt64())];

    /// <summary>The numbers from 1 through count.</summary>
    internal static IEnumerable<long> CountTo(int count) => Enumerable.Range(1, count).Select(i => (long)i);

    /// <summary>Runs workers concurrently, each on its own task of the thread pool, and returns their results.</summary>
    internal static async Task<T[]> TogetherAsync<T>(int workers, Func<int, Task<T>> work)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var tasks = Enumerable.Range(0, workers).Select(async i =>
        {
            await start.Task.ConfigureAwait(false);
            return await work(i).ConfigureAwait(false);
        }).ToArray();
        start.SetResult();
        return await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    /// <summary>True if the append was stored, false if it was refused with <typeparamref name="TRefusal"/>.</summary>
    internal static async Task<bool> WinsAsync<TRefusal>(this LogUnderTest log, LogAppend append) where TRefusal : EventSourcingException
    {
        try
        {
            await log.AppendAsync(append).ConfigureAwait(false);
            return true;
        }
        catch (TRefusal)
        {
            return false;
        }
    }
}
