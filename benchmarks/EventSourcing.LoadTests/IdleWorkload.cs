using EventSourcing.Benchmarks;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>A store where nothing happens, to be watched from outside: without a waiter it makes no system call on its files, with listeners next to none.</summary>
internal static class IdleWorkload
{
    private const int Listeners = 3, Subscriptions = 5;

    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "idle");
        await using var store = SqliteEventStore.Open(file.Path, EventTypeMap.Empty);
        await new LogCaller(store.Log, 1, 1).AppendAsync("idle-1", 0);
        await RestAsync(settings, "no listener");
        var options = new EventBusOptions();
        await using var bus = new EventBus(store, options);
        var live = new List<LiveSubscription>();
        for (var i = 0; i < Listeners; i++) live.Add(await bus.SubscribeLiveRawAsync(EventFilter.All, (_, _) => Task.CompletedTask));
        while (!live.TrueForAll(l => l.IsLive)) await Task.Delay(1);
        await RestAsync(settings, $"{Listeners} live listeners");
        var durable = new List<Subscription>();
        for (var i = 0; i < Subscriptions; i++) durable.Add(await bus.SubscribeAsync($"idle {i}", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask), new() { Filter = EventFilter.All }));
        durable.Add(await bus.SubscribeAsync("idle group", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask), new() { Filter = EventFilter.All, IsPartitioned = true }));
        while (!durable.TrueForAll(s => s.State == SubscriptionState.Live) || durable[^1].ActivePartitions < 16) await Task.Delay(1);
        await RestAsync(settings, $"{Listeners} live listeners, {Subscriptions} subscriptions and a group: a lease transaction every {options.LeaseTimeout.TotalSeconds / 3} s");
    }

    private static async Task RestAsync(Settings settings, string what)
    {
        // What the wakes and checkpoints before it still do is over by then.
        await Task.Delay(TimeSpan.FromSeconds(3));
        Console.WriteLine($"idle begins: {what}");
        await Task.Delay(TimeSpan.FromSeconds(settings.Seconds));
        Console.WriteLine("idle ends");
    }
}
