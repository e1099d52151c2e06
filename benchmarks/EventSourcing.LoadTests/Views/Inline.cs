using System.Diagnostics;
using System.Text.Json;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests.Views;

/// <summary>Inline views: what one costs each append, and how long it keeps the log locked when it is far behind.</summary>
internal static class Inline
{
    private const string Alone = "append alone", View = "append with an inline view", Hand = "append and the same rows by hand in the user's transaction";

    internal static async Task RunAsync(Settings settings)
    {
        await CostAsync(settings, callers: 1, appends: 3_000);
        await CostAsync(settings, callers: 16, appends: 16_000);
        await BehindAsync(settings);
    }

    private static async Task CostAsync(Settings settings, int callers, int appends)
    {
        var events = Sales.Make(appends, appends / 5).ToArray();
        await new Race($"H. {callers} caller(s), {appends:N0} appends of one event, {appends / 5:N0} documents", settings.Rounds, "append")
            .Add(Hand, () => WithStoreAsync(settings, async store =>
            {
                using (var connection = Open(store)) Execute(connection, "CREATE TABLE orders (key TEXT NOT NULL PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID");
                return await MeasureAsync(events, callers, e => ByHandAsync(store, e));
            }))
            .Add(View, () => WithStoreAsync(settings, async store =>
            {
                await using var views = NewViews(store);
                await views.StartAsync();
                return await MeasureAsync(events, callers, e => store.AppendAsync($"till-{e.Order}", ExpectedVersion.Any, [e]).AsTask());
            }))
            .Add(Alone, () => WithStoreAsync(settings, store => MeasureAsync(events, callers, e => store.AppendAsync($"till-{e.Order}", ExpectedVersion.Any, [e]).AsTask())))
            .Expect(Bar.RateAtLeast(0.8, View, Hand))
            .RunAsync();
    }

    /// <summary>Rows are inserted by SQL while no program runs the view; then one append comes.</summary>
    private static async Task BehindAsync(Settings settings) => await WithStoreAsync(settings, async store =>
    {
        await using (var first = NewViews(store)) await first.StartAsync();
        using (var connection = Open(store))
            foreach (var chunk in Sales.Make(settings.Events, settings.Events / 5).Chunk(10_000))
                Insert(connection, chunk);
        // Finalizes the rows, which is not the view's work.
        await store.GetHeadAsync();
        await using var views = NewViews(store);
        using var stop = new CancellationTokenSource();
        var longest = Task.Run(() => LongestHold(store, stop.Token));
        var begun = Stopwatch.GetTimestamp();
        await views.StartAsync();
        var took = Stopwatch.GetElapsedTime(begun);
        await stop.CancelAsync();
        var table = new Table($"H. {settings.Events:N0} rows inserted by SQL, then an inline view starts", "caught up in ms", "events a second", "longest hold of the write lock, ms");
        table.Row(Table.Number(took.TotalMilliseconds), Table.Number(settings.Events / took.TotalSeconds), Table.Number((await longest).TotalMilliseconds));
        return true;
    });

    private static EventViews NewViews(EventStore store) => new(store, [new ViewSet(new OrderDocuments("orders")) { Mode = ViewMode.Inline }]);

    private static async Task<T> WithStoreAsync<T>(Settings settings, Func<EventStore, Task<T>> run)
    {
        using var file = new DatabaseFile(settings.Directory, "views-inline");
        await using var store = SqliteEventStore.Open(file.Path, Sales.Types, new() { Durability = Durability.ProcessCrashOnly });
        return await run(store);
    }

    private static Task<Measurement> MeasureAsync(LineSold[] events, int callers, Func<LineSold, Task> append) => Measurement.OfAsync(events.Length, () => Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
    {
        for (var i = caller; i < events.Length; i += callers) await append(events[i]);
    }))));

    private static async Task ByHandAsync(EventStore store, LineSold e) => await store.InSqliteTransactionAsync(tx =>
    {
        tx.Append($"till-{e.Order}", ExpectedVersion.Any, [e]);
        using var find = Command(tx.Connection, "SELECT json FROM orders WHERE key = $key", ("$key", e.Order));
        var document = find.ExecuteScalar() is string json ? JsonSerializer.Deserialize(json, SalesJson.Default.OrderDocument) : null;
        using var put = Command(
            tx.Connection,
            "INSERT INTO orders (key, json) VALUES ($key, $json) ON CONFLICT (key) DO UPDATE SET json = excluded.json",
            ("$key", e.Order),
            ("$json", JsonSerializer.Serialize(Sales.Apply(document, e, DateTimeOffset.UtcNow), SalesJson.Default.OrderDocument)));
        return put.ExecuteNonQuery();
    });

    private static void Insert(SqliteConnection connection, LineSold[] chunk)
    {
        using var transaction = connection.BeginTransaction();
        using var command = Command(connection, "INSERT INTO events (stream, eventType, data) VALUES ($stream, 'line-sold', $data)", ("$stream", ""), ("$data", ""));
        command.Transaction = transaction;
        foreach (var e in chunk)
        {
            command.Parameters[0].Value = $"till-{e.Order}";
            command.Parameters[1].Value = JsonSerializer.Serialize(e, SalesJson.Default.LineSold);
            command.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    /// <summary>Asks for the write lock again and again, and returns the longest time in which it was not given.</summary>
    private static TimeSpan LongestHold(EventStore store, CancellationToken stop)
    {
        using var connection = Open(store);
        Execute(connection, "PRAGMA busy_timeout = 0");
        var (longest, since) = (TimeSpan.Zero, 0L);
        while (!stop.IsCancellationRequested)
        {
            var code = SQLitePCL.raw.sqlite3_exec(connection.Handle, "BEGIN IMMEDIATE; ROLLBACK");
            var now = Stopwatch.GetTimestamp();
            if (code == SQLitePCL.raw.SQLITE_OK) since = 0;
            else if (since == 0) since = now;
            else if (Stopwatch.GetElapsedTime(since, now) > longest) longest = Stopwatch.GetElapsedTime(since, now);
            Thread.Sleep(TimeSpan.FromMicroseconds(200));
        }

        return longest;
    }

    private static SqliteConnection Open(EventStore store)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = store.Log.Find<SqliteEventLog>()!.Path, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params (string Name, string Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
