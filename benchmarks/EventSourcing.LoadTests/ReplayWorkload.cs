using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.LoadTests.Views;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>Replays of a whole log with an empty handler, beside reading and decoding the same events. To measure one processor, run it under <c>taskset -c 0</c>.</summary>
internal static class ReplayWorkload
{
    private const string Read = "read and decode (ReadAllAsync)", InOrder = "replay, in order", Raw = "replay, stored events", Partitioned = "replay, a partition for each processor";

    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "replay");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types, new() { Durability = Durability.ProcessCrashOnly });
        await Sales.FillAsync(store, settings.Events, settings.Events / 10);
        await ReadAsync(store);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var highest = 0L;
        await new Race($"Replay of {settings.Events:N0} events, empty handler, {Environment.ProcessorCount} processors", settings.Rounds, "event")
            .Add(Read, () => Measurement.OfAsync(settings.Events, () => ReadAsync(store)))
            .Add(InOrder, () => Measurement.OfAsync(settings.Events, () => store.ReplayAsync(EventFilter.All, static (_, _) => Task.CompletedTask)))
            .Add(Partitioned, () => Measurement.OfAsync(settings.Events, () => store.ReplayAsync(EventFilter.All, static (_, _) => Task.CompletedTask, new() { Partitions = Environment.ProcessorCount })))
            .Add(Raw, () => Measurement.OfAsync(settings.Events, () => store.ReplayRawAsync(EventFilter.All, static (_, _) => Task.CompletedTask)))
            .Expect(Bar.RateAtLeast(0.9, InOrder, Read))
            .RunAsync();
        // Live memory while a replay runs: it does not grow with the log.
        await store.ReplayAsync(EventFilter.All, (e, _) =>
        {
            if (e.Position.ToInt64() % (settings.Events / 5) == 0) highest = Math.Max(highest, GC.GetTotalMemory(forceFullCollection: true) - before);
            return Task.CompletedTask;
        });
        Console.WriteLine();
        Console.WriteLine($"Live memory during a replay: at most {highest / 1024.0 / 1024:N1} MiB above the idle store.");
    }

    private static async Task ReadAsync(EventStore store)
    {
        await foreach (var _ in store.ReadAllAsync())
        {
        }
    }
}
