using System.Diagnostics;
using EventSourcing.Benchmarks;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests.Listeners;

/// <summary>One round: seven listeners from the beginning to the end of the history, four durable and three live, while a writer appends to streams of its own.</summary>
internal sealed record ListenersRound
{
    private const int Durable = 4, Live = 3;

    // Appended by the writer, and so neither in the seven's history nor in the key's events.
    private const string WritersCategory = "written";

    /// <summary>How long each of the seven took.</summary>
    public required double[] Seconds { get; init; }

    /// <summary>What the process used of its processors until the seven were through: on a busy machine it says more than their time.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>The writer's rate while the seven were at work.</summary>
    public required double AppendsPerSecond { get; init; }

    /// <summary>Live objects after a full collection, every listener still there.</summary>
    public required double HeapAfterMiB { get; init; }

    /// <summary>The highest of the heap's sizes seen every 20 ms.</summary>
    public required double HeapPeakMiB { get; init; }

    /// <summary>What the bad ones did, or null.</summary>
    public required BadReport? Bad { get; init; }

    /// <summary>True when every listener that went through the whole history had the same effects, the mended one included.</summary>
    public required bool AreEffectsEqual { get; init; }

    public static async Task<ListenersRound> RunAsync(string path, int events, StreamId key, string name, bool hasBad)
    {
        await using var store = SqliteEventStore.Open(path, EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        var history = GlobalPosition.FromInt64(events);
        var query = EventQuery.All.InCategory("order");
        var effects = Enumerable.Range(0, Durable + Live).Select(_ => new Effects()).ToArray();
        using var stop = new CancellationTokenSource();
        var heap = WatchHeapAsync(stop.Token);
        var (began, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        var seven = new List<Task<double>>();
        for (var i = 0; i < Durable; i++) seven.Add(FollowAsync(bus, effects[i], query, $"good {i} {name}", history, began));
        for (var i = Durable; i < Durable + Live; i++) seven.Add(FollowLiveAsync(bus, effects[i], query, events, began));
        await using var bad = hasBad ? await BadListeners.StartAsync(bus, query, key, name) : null;
        var writer = WriteAsync(store.Log, Task.WhenAll(seven));
        var seconds = await Task.WhenAll(seven);
        var cpuSeconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        var rate = await writer;
        await stop.CancelAsync();
        var report = bad is null ? null : await bad.RepairAsync(store, history);
        return new()
        {
            Seconds = seconds,
            CpuSeconds = cpuSeconds,
            AppendsPerSecond = rate,
            HeapPeakMiB = await heap,
            HeapAfterMiB = GC.GetTotalMemory(forceFullCollection: true) / (double)(1 << 20),
            Bad = report,
            AreEffectsEqual = effects.Concat(bad is null ? [] : [bad.Effects]).All(e => e.Equals(effects[0])),
        };
    }

    private static async Task<double> FollowAsync(EventBus subscriber, Effects effects, EventQuery query, string name, GlobalPosition through, long began)
    {
        var subscription = await subscriber.SubscribeAsync(name, SubscriptionHandler.RawEach((e, _, _) => effects.HandleAsync(e).AsTask()), new() { Filter = query });
        await subscription.WaitForPositionAsync(through);
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> FollowLiveAsync(EventBus bus, Effects effects, EventQuery query, int events, long began)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await bus.SubscribeLiveRawAsync(EventFilter.Matching(query), (e, _) =>
        {
            if (e.Position.ToInt64() == events) done.TrySetResult();
            return effects.HandleAsync(e).AsTask();
        }, new() { From = StartFrom.Beginning });
        await done.Task;
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    // On a thread of its own: what is asked is whether the log holds it up, not how long the thread pool's queue is.
    private static Task<double> WriteAsync(IEventLog log, Task until) => Task.Factory.StartNew(() =>
    {
        var caller = new LogCaller(log, 1, 1);
        var began = Stopwatch.GetTimestamp();
        var count = 0;
        for (; !until.IsCompleted; count++)
        {
            caller.Set(0, $"{WritersCategory}-{count % 100}");
            caller.AppendAsync().AsTask().GetAwaiter().GetResult();
        }

        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task<double> WatchHeapAsync(CancellationToken stop)
    {
        var peak = 0L;
        while (!stop.IsCancellationRequested)
        {
            peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false));
            await Task.Delay(20, CancellationToken.None);
        }

        return peak / (double)(1 << 20);
    }
}
