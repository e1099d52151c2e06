using System.Diagnostics;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>How long after the answer to its append an event reaches a handler, at a steady thousand events per second and full durability.</summary>
internal static class LatencyWorkload
{
    private const int PerSecond = 1000;
    private const int Segments = 16, Streams = 4 * Segments;
    private const string Durable = "durable", Group = "group", Live = "live";
    private const double P50Bar = 1000, P99Bar = 5000;

    public static async Task RunAsync(Settings settings)
    {
        var table = new Table(
            $"Commit to handler, {PerSecond:N0} events/s, FULL", "round", "listener", "events", "append p50 µs", "append p99 µs",
            "p50 µs", "p99 µs", "max µs", "handled before the answer", "CPU µs per event", "p50 < 1 ms, p99 < 5 ms");
        for (var round = 1; round <= settings.Rounds; round++)
            foreach (var listener in new[] { Durable, Group, Live })
                await RunAsync(settings, table, round, listener);
    }

    private static async Task RunAsync(Settings settings, Table table, int round, string listener)
    {
        using var file = new DatabaseFile(settings.Directory, "latency");
        await using var store = SqliteEventStore.Open(file.Path, EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        var count = (int)(PerSecond * settings.Seconds);
        var (asked, answered, handled) = (new long[count + 1], new long[count + 1], new long[count + 1]);
        var left = count;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        void Note(RecordedEvent e)
        {
            handled[e.Position.ToInt64()] = Stopwatch.GetTimestamp();
            if (Interlocked.Decrement(ref left) == 0) done.SetResult();
        }

        await ListenAsync(bus, listener, Note);
        var cpu = Environment.CpuUsage.TotalTime;
        await AppendAsync(store.Log, asked, answered);
        await done.Task;
        var spent = (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count;
        var appends = Percentiles.Of([.. asked.Zip(answered, (from, to) => to - from).Skip(1)]);
        var lags = answered.Zip(handled, (from, to) => to - from).Skip(1).ToArray();
        var early = lags.Count(lag => lag <= 0);
        var lag = Percentiles.Of([.. lags.Select(l => Math.Max(0, l))]);
        table.Row(
            Table.Number(round), listener, Table.Number(count), Table.Short(appends.P50), Table.Short(appends.P99),
            Table.Short(lag.P50), Table.Short(lag.P99), Table.Short(lag.Max), Table.Number(early), Table.Number(spent), lag.P50 < P50Bar && lag.P99 < P99Bar ? "met" : "**missed**");
    }

    private static async Task ListenAsync(EventBus bus, string kind, Action<RecordedEvent> note)
    {
        if (kind != Live)
        {
            var subscription = await bus.SubscribeAsync("latency", SubscriptionHandler.RawEach((e, _, _) =>
            {
                note(e);
                return Task.CompletedTask;
            }), new() { Filter = EventFilter.All, IsPartitioned = kind == Group });
            while (subscription.State != SubscriptionState.Live || subscription.ActivePartitions < (kind == Group ? Segments : 1)) await Task.Delay(1);
            return;
        }

        var listener = await bus.SubscribeLiveRawAsync(EventFilter.All, (e, _) =>
        {
            note(e);
            return Task.CompletedTask;
        });
        while (!listener.IsLive) await Task.Delay(1);
    }

    // One append after the other, each due on its own millisecond; one that is late is begun at once, so that the rate holds.
    private static Task AppendAsync(IEventLog log, long[] asked, long[] answered) => Task.Factory.StartNew(() =>
    {
        var caller = new LogCaller(log, 1, 1);
        StreamId[] streams = [.. Enumerable.Range(0, Streams).Select(i => (StreamId)$"latency-{i}")];
        var began = Stopwatch.GetTimestamp();
        for (var i = 1; i < asked.Length; i++)
        {
            var due = began + (i * Stopwatch.Frequency / PerSecond);
            while (Stopwatch.GetTimestamp() < due) Thread.Sleep(1);
            asked[i] = Stopwatch.GetTimestamp();
            caller.AppendAsync(streams[i % Streams], (i - 1) / Streams).AsTask().GetAwaiter().GetResult();
            answered[i] = Stopwatch.GetTimestamp();
        }
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
