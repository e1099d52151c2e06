using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Views;

/// <summary>What it costs a view that is up to date to keep its changes: two views of the same documents handle the same new events, one after the other.</summary>
internal static class KeptChanges
{
    private const string Without = "without changes", With = "KeepChanges()";

    internal static async Task RunAsync(Settings settings, int events, int orders, int writeEvery)
    {
        using var file = new DatabaseFile(settings.Directory, "views-changes");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types, new() { Durability = Durability.ProcessCrashOnly });
        // A build keeps none, so it is complete before the first event.
        foreach (var isKept in new[] { false, true }) await CatchUpAsync(isKept);
        await new Race($"G. catch-up of a complete view: {events:N0} events, {orders:N0} documents, a write every {writeEvery:N0} events", settings.Rounds, "event")
            .Add(Without, async () =>
            {
                await Sales.FillAsync(store, events, orders);
                return await CatchUpAsync(isKept: false);
            })
            .Add(With, () => CatchUpAsync(isKept: true))
            .Expect(Bar.RateAtLeast(0.5, With, Without))
            .RunAsync();
        if (Directory.Exists(file.Path + ".views")) Directory.Delete(file.Path + ".views", recursive: true);

        async Task<Measurement> CatchUpAsync(bool isKept)
        {
            await using var views = new EventViews(store, [new FollowedOrders(isKept ? "kept" : "plain", isKept)], new() { WriteEvery = writeEvery });
            return await Measurement.OfAsync(events, async () => await views.CatchUpAsync());
        }
    }

    private sealed class FollowedOrders : Projection<OrderDocument>
    {
        internal FollowedOrders(string name, bool isKept) : base(name, 1, SalesJson.Default.OrderDocument)
        {
            if (isKept) KeepChanges();
            Key<LineSold>((e, _) => e.Order);
            On<LineSold>((row, e, envelope) => Sales.Apply(row, e, envelope.Timestamp));
        }
    }
}
