using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Limits;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.LoadTests;

/// <summary>A durable subscription with an empty handler catches up with a whole log at full durability, beside reading the same log.</summary>
internal static class CatchUpWorkload
{
    private const int Streams = 1000;
    private const string Read = "read all", Each = "subscription, per event", Batches = "subscription, in batches";

    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "catch-up");
        await Filled.OursAsync(file, settings.Events, Streams);
        await using var store = SqliteEventStore.Open(file.Path, EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        var head = await store.GetHeadAsync();
        await LogReading.ReadAsync(store.Log, new AllRead());
        await new Race($"Catch-up with {settings.Events:N0} events, empty handler, FULL", settings.Rounds, "event")
            .Add(Read, () => Measurement.OfAsync(settings.Events, async () => await LogReading.ReadAsync(store.Log, new AllRead())))
            .Add(Each, () => CatchUpAsync(SubscriptionHandler.RawEach(static (_, _, _) => Task.CompletedTask)))
            .Add(Batches, () => CatchUpAsync(SubscriptionHandler.RawBatches(static (_, _, _) => Task.CompletedTask)))
            .Expect(Bar.RateAtLeast(0.8, Batches, Read))
            .RunAsync();

        async Task<Measurement> CatchUpAsync(SubscriptionHandler handler)
        {
            Subscription? subscription = null;
            var measurement = await Measurement.OfAsync(settings.Events, async () =>
            {
                subscription = await bus.SubscribeAsync($"catch-up {Guid.NewGuid()}", handler);
                await subscription.WaitForPositionAsync(head);
            });
            await subscription!.DisposeAsync();
            return measurement;
        }
    }
}
