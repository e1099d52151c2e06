using System.Diagnostics;
using System.Text.Json.Serialization;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>Many callers decide on the same stream or query at once, at the default MaxAttempts: how many calls give up, how many are stored, how long they take.</summary>
internal static class DecidersWorkload
{
    private static readonly EventTypeMap s_types = EventTypeMap.Create(DecidersJson.Default, map => map.Add<Drawn>("drawn", e => e.Tag("pool", "Pool")));

    public static async Task RunAsync(Settings settings)
    {
        var table = new Table(
            "Deciders on one stream or query, default MaxAttempts", "log", "decision", "callers", "calls", "given up", "%", "stored/s", "decisions per call", "p50 ms", "p99 ms", "max ms");
        foreach (var isFile in new[] { true, false })
            foreach (var kind in new[] { "stream", "query", "command" })
                foreach (var callers in new[] { 8, 16, 64 })
                    await RunAsync(settings, table, isFile, kind, callers);
    }

    private static async Task RunAsync(Settings settings, Table table, bool isFile, string kind, int callers)
    {
        using var file = new DatabaseFile(settings.Directory, "deciders");
        IEventLog log = isFile ? SqliteEventLog.Open(file.Path) : new InMemoryEventLog();
        await using var store = new EventStore(log, s_types);
        var (calls, givenUp, decided) = (0, 0, 0L);
        var decide = Deciding(store, kind, () => Interlocked.Increment(ref decided));
        var times = Enumerable.Range(0, callers).Select(_ => new List<long>()).ToArray();
        var began = Stopwatch.GetTimestamp();
        var until = began + (long)(settings.Seconds * Stopwatch.Frequency);
        await Task.WhenAll(times.Select(mine => Task.Run(async () =>
        {
            for (var now = Stopwatch.GetTimestamp(); now < until;)
            {
                Interlocked.Increment(ref calls);
                try
                {
                    await decide();
                }
                catch (EventSourcingException e) when (e is WrongExpectedVersionException or AppendConditionFailedException)
                {
                    Interlocked.Increment(ref givenUp);
                }

                var end = Stopwatch.GetTimestamp();
                mine.Add(end - now);
                now = end;
                // A log in memory never waits: without this, callers on few cores hardly ever meet.
                await Task.Yield();
            }
        })));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var latency = Percentiles.Of([.. times.SelectMany(t => t)]);
        table.Row(
            isFile ? "SQLite, FULL" : "memory", kind, Table.Number(callers), Table.Number(calls), Table.Number(givenUp), Table.Number(100.0 * givenUp / calls, 2),
            Table.Number((calls - givenUp) / seconds), Table.Number((double)decided / calls, 2),
            Table.Number(latency.P50 / 1000, 2), Table.Number(latency.P99 / 1000, 2), Table.Number(latency.Max / 1000, 2));
    }

    private static Func<ValueTask> Deciding(EventStore store, string kind, Action onDecided)
    {
        var query = EventQuery.Of<Drawn>().Tagged("pool", "p");
        var bus = new CommandBus(store, handlers => handlers.Add(DecidersJson.Default.Draw, async (command, context, ct) =>
        {
            var seen = await context.LoadAsync<EventCount>("pool-p", ct);
            return Decide(seen);
        }));
        return kind switch
        {
            "stream" => async () => await store.ExecuteAsync<EventCount>("pool-p", Decide),
            "query" => async () => await store.ExecuteAsync<EventCount>(query, Decide),
            _ => async () => await bus.SendAsync(new Draw()),
        };

        IEnumerable<object> Decide(EventCount seen)
        {
            onDecided();
            return [EventData.For("pool-p", new Drawn("p"))];
        }
    }
}

internal sealed record Drawn(string Pool);

internal sealed record Draw;

[JsonSerializable(typeof(Drawn)), JsonSerializable(typeof(Draw))]
internal sealed partial class DecidersJson : JsonSerializerContext;
