using System.Diagnostics;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Views;

/// <summary>Views: catch-up beside a hand-written loop, builds beside reading and decoding the same events, and the time from a commit to a read of one's own write.</summary>
internal static class ViewsWorkload
{
    private const string Ours = "view", Hand = "hand-written loop, 1,000 events per transaction", Read = "read and decode";

    /// <summary>The argument that makes this program run a view, until its input is closed.</summary>
    internal const string Running = "run-view";

    private static int _number;

    public static async Task RunAsync(Settings settings)
    {
        if (Includes(settings, 'A'))
        {
            await CatchUpAsync(settings, 100_000, 20_000, 1.2);
            await CatchUpAsync(settings, 100_000, 100_000, 0.9);
        }

        if (Includes(settings, 'B')) await BuildAsync(settings, isInMemory: false, 0.35);
        if (Includes(settings, 'C')) await BuildAsync(settings, isInMemory: true, 0.6);
        if (Includes(settings, 'D'))
        {
            await OwnWritesAsync(settings, runsElsewhere: false);
            await OwnWritesAsync(settings, runsElsewhere: true);
        }

        if (Includes(settings, 'E')) await Beside.RunAsync(settings);
        if (Includes(settings, 'F')) await TallyAsync(settings);
        if (Includes(settings, 'G'))
        {
            await KeptChanges.RunAsync(settings, 100_000, 20_000, 10_000);
            await KeptChanges.RunAsync(settings, 20_000, 20_000, 10);
        }

        if (Includes(settings, 'H')) await Inline.RunAsync(settings);
    }

    private static bool Includes(Settings settings, char row) => settings.Rows.Length == 0 || settings.Rows.Contains(row, StringComparison.Ordinal);

    private static async Task CatchUpAsync(Settings settings, int events, int orders, double bar)
    {
        using var file = new DatabaseFile(settings.Directory, $"views-{orders}");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types);
        await Sales.FillAsync(store, events, orders);
        await new Race($"A. catch-up: {events:N0} events, {orders:N0} documents", settings.Rounds, "event")
            .Add(Hand, async () =>
            {
                using var place = new DatabaseFile(settings.Directory, "hand-written");
                using var hand = new HandWritten(place.Path);
                return await Measurement.OfAsync(events, () => hand.RunAsync(store));
            })
            .Add(Ours, () => BuildOnceAsync(store, events, NewName() is var name ? [new OrderDocuments(name)] : []))
            .Expect(Bar.RateAtLeast(bar, Ours, Hand))
            .RunAsync();
        RemoveViews(file.Path);
    }

    private static async Task BuildAsync(Settings settings, bool isInMemory, double bar)
    {
        using var file = new DatabaseFile(settings.Directory, "views-build");
        await using var store = isInMemory ? new EventStore(new InMemoryEventLog(), Sales.Types) : SqliteEventStore.Open(file.Path, Sales.Types);
        await Sales.FillAsync(store, settings.Events, 50_000);
        await new Race($"{(isInMemory ? "C. in memory" : "B. SQLite")}: build of three projections, 50,000, 1,000 and 100 documents, {settings.Events:N0} events", settings.Rounds, "event")
            .Add(Read, () => Measurement.OfAsync(settings.Events, async () =>
            {
                await foreach (var envelope in store.ReadAllAsync(EventQuery.Of<LineSold>())) _ = envelope.Data;
            }))
            .Add(Ours, () => BuildOnceAsync(store, settings.Events, Three()))
            .Expect(Bar.RateAtLeast(bar, Ours, Read))
            .RunAsync();
        if (!isInMemory) RemoveViews(file.Path);
    }

    /// <summary>The bar is 1.3 times the time of reading and decoding on one thread.</summary>
    private static async Task TallyAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "views-tally");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types, new() { Durability = Durability.ProcessCrashOnly });
        await Sales.FillAsync(store, settings.Events, 50_000);
        await new Race($"F. build of a tally, 5,000 keys, four figures, {settings.Events:N0} events", settings.Rounds, "event")
            .Add(Read, () => Measurement.OfAsync(settings.Events, async () =>
            {
                await foreach (var envelope in store.ReadAllAsync(EventQuery.Of<LineSold>())) _ = envelope.Data;
            }))
            .Add(Ours, () => BuildOnceAsync(store, settings.Events, [new SalesTally(NewName())]))
            .Expect(Bar.RateAtLeast(1 / 1.3, Ours, Read))
            .RunAsync();
        RemoveViews(file.Path);
    }

    private static ViewSet[] Three()
    {
        var name = NewName();
        return [new(name, 1, [new OrderDocuments($"{name}-orders"), new SalesBy($"{name}-customers", e => e.Customer), new SalesBy($"{name}-countries", e => e.Country)])];
    }

    private static async Task<Measurement> BuildOnceAsync(EventStore store, int events, IEnumerable<ViewSet> sets)
    {
        await using var views = new EventViews(store, sets);
        var head = await store.GetHeadAsync();
        return await Measurement.OfAsync(events, async () =>
        {
            await views.StartAsync();
            await views.WaitForPositionAsync(views.Sets[0].Name, head);
        });
    }

    /// <summary>One writer at 1,000 events a second reads each of its writes back.</summary>
    private static async Task OwnWritesAsync(Settings settings, bool runsElsewhere)
    {
        using var file = new DatabaseFile(settings.Directory, "views-own");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types, new() { Durability = Durability.ProcessCrashOnly });
        var name = NewName();
        await using var views = new EventViews(store, [new OrderDocuments(name)]);
        using var other = runsElsewhere ? ThisProgram.Start(Running, file.Path, name) : null;
        if (other is null) await views.StartAsync();
        var view = views.View<OrderDocument>(name);
        // The first build, also that of another process.
        await view.FindAsync("none");
        var events = Sales.Make((int)(1000 * Math.Max(3, settings.Seconds)), 1000).ToArray();
        var times = new List<double>(events.Length);
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < events.Length; i++)
        {
            while (Stopwatch.GetElapsedTime(begun).TotalMilliseconds < i) Thread.SpinWait(20);
            var result = await store.AppendAsync($"till-{events[i].Order}", ExpectedVersion.Any, [events[i]]);
            var committed = Stopwatch.GetTimestamp();
            if (await view.At(result.LastPosition).FindAsync(events[i].Order) is null) throw new InvalidOperationException("The own write is missing.");
            times.Add(Stopwatch.GetElapsedTime(committed).TotalMicroseconds);
        }

        other?.StandardInput.Close();
        other?.WaitForExit();
        times.Sort();
        var table = new Table($"D. commit to a read by At(position), at most 1,000 events a second, {(runsElsewhere ? "the view runs in another process" : "in one process")}", "reads", "p50 µs", "p99 µs", "max µs");
        table.Row($"{times.Count}", Table.Number(times[times.Count / 2]), Table.Number(times[times.Count * 99 / 100]), Table.Number(times[^1]));
        RemoveViews(file.Path);
    }

    internal static async Task RunAsync(string path, string name)
    {
        await using var store = SqliteEventStore.Open(path, Sales.Types);
        await using var views = new EventViews(store, [new OrderDocuments(name)]);
        await views.StartAsync();
        await Console.In.ReadToEndAsync();
    }

    private static string NewName() => $"sales-{Interlocked.Increment(ref _number)}";

    private static void RemoveViews(string path)
    {
        if (Directory.Exists(path + ".views")) Directory.Delete(path + ".views", recursive: true);
    }
}
