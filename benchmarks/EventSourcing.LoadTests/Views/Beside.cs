using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests.Views;

/// <summary>64 appenders alone, beside a view that follows them, and beside a subscription that stores the same documents in the log's file with its checkpoint.</summary>
internal static class Beside
{
    private const int Appenders = 64;
    private const string Alone = "64 appenders alone", View = "beside a view", Rows = "beside a subscription that enlists the same rows";

    internal static Task RunAsync(Settings settings) => new Race("E. appends, one event each, FULL", settings.Rounds, "append")
        .Add(Alone, () => MeasureAsync(settings, (_, _) => default))
        .Add(View, () => MeasureAsync(settings, async (store, bus) =>
        {
            var views = new EventViews(bus, [new OrderDocuments("orders")]);
            await views.StartAsync();
            return views;
        }))
        .Add(Rows, () => MeasureAsync(settings, EnlistAsync))
        .Expect(Bar.RateAtLeast(0.5, View, Alone))
        .RunAsync();

    private static async Task<Measurement> MeasureAsync(Settings settings, Func<IEventStore, EventBus, ValueTask<IAsyncDisposable?>> start)
    {
        using var file = new DatabaseFile(settings.Directory, "views-beside");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types);
        await using var bus = new EventBus(store);
        var beside = await start(store, bus);
        var events = Sales.Make(100_000, 20_000).ToArray();
        var next = -1;
        var measurement = await Callers.AwaitingAsync(Appenders, Math.Max(2, settings.Seconds), caller =>
        {
            var e = events[Interlocked.Increment(ref next) % events.Length];
            return store.AppendAsync($"till-{caller}", ExpectedVersion.Any, [e]);
        });
        if (beside is not null) await beside.DisposeAsync();
        if (Directory.Exists(file.Path + ".views")) Directory.Delete(file.Path + ".views", recursive: true);
        return measurement;
    }

    private static async ValueTask<IAsyncDisposable?> EnlistAsync(IEventStore store, EventBus bus)
    {
        await store.InSqliteTransactionAsync(tx => Execute(tx.Connection, "CREATE TABLE orders (key TEXT NOT NULL PRIMARY KEY, lines INTEGER NOT NULL, net REAL NOT NULL)"));
        return await bus.SubscribeAsync("rows", SubscriptionHandler.Batches((batch, delivery, _) =>
        {
            LineSold[] lines = [.. batch.Select(envelope => (LineSold)envelope.Data)];
            delivery.Enlist<SqliteLogTransaction>(tx =>
            {
                using var command = tx.Connection.CreateCommand();
                command.CommandText = "INSERT INTO orders (key, lines, net) VALUES ($key, 1, $net) ON CONFLICT (key) DO UPDATE SET lines = lines + 1, net = net + excluded.net";
                var (key, net) = (command.Parameters.Add("$key", SqliteType.Text), command.Parameters.Add("$net", SqliteType.Real));
                foreach (var line in lines)
                {
                    (key.Value, net.Value) = (line.Order, (double)(line.Quantity * line.Price));
                    command.ExecuteNonQuery();
                }
            });
            return Task.CompletedTask;
        }));
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
