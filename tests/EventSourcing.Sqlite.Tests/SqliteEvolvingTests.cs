using System.Collections.Concurrent;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

public sealed class SqliteEvolvingTests : EvolvingTests
{
    private readonly TemporaryFile _files = new();
    private int _opened;

    [OneTimeTearDown]
    public void Remove() => _files.Dispose();

    protected override IEventLog OpenLog() => SqliteEventLog.Open(Path = $"{_files.Path}{_opened++}");

    private string Path { get; set; } = "";

    [Test]
    public async Task Sql_view_shows_what_is_stored_before_and_after_reads_by_newer_programs()
    {
        var before = Rows();
        await using (var store = SqliteEventStore.Open(Path, EvolvedShop.Third))
        {
            await using var views = new EventViews(store, [new EvolvedOrders()]);
            await views.CatchUpAsync();
            (await store.ReadAllAsync().CountAsync()).Should().Be(EvolvedShop.Read.Length);
        }

        Rows().Should().Equal(before).And.Equal(EvolvedShop.Golden);
    }

    private List<(string, int, string)> Rows()
    {
        using var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT eventType, schemaVersion, data FROM events ORDER BY position";
        using var reader = command.ExecuteReader();
        var rows = new List<(string, int, string)>();
        while (reader.Read()) rows.Add((reader.GetString(0), reader.GetInt32(1), reader.GetString(2)));
        return rows;
    }

    [Test]
    public async Task Old_reader_and_new_writer_on_one_file_lose_and_misread_nothing()
    {
        var path = _files.Path + "-rolling";
        var (seen, patience) = (new ConcurrentQueue<string>(), TimeSpan.FromMinutes(2));
        await using var newer = SqliteEventStore.Open(path, EvolvedShop.Third);
        var newBus = new EventBus(newer);
        Subscription waiting;
        await using (var older = SqliteEventStore.Open(path, EvolvedShop.Second))
        await using (var oldBus = new EventBus(older))
        {
            var subscription = await oldBus.SubscribeAsync("orders", SubscriptionHandler.ByType(types => types.On<OrderOpenedV2>((e, _, _, _) =>
            {
                seen.Enqueue($"{e.OrderId} {e.Total:0.00} EUR");
                return Task.CompletedTask;
            })), new() { OnFailure = new() { MaxRetryAttempts = 0 } });
            await subscription.WaitForPositionAsync((await older.AppendAsync("order-a", ExpectedVersion.NoStream, [new OrderOpenedV2("a", 1)])).LastPosition).WaitAsync(patience);

            // The second process starts while the first one runs, and waits for the lease.
            waiting = await newBus.SubscribeAsync("orders", SubscriptionHandler.ByType(types => types.On<OrderOpened>((e, _, _, _) =>
            {
                seen.Enqueue($"{e.OrderId} {e.Total.Amount:0.00} {e.Total.Currency}");
                return Task.CompletedTask;
            })));
            await Task.WhenAll(Task.Run(() => WriteAsync(older, "p", i => new OrderOpenedV2($"p{i}", i))), Task.Run(() => WriteAsync(newer, "n", i => new OrderOpened($"n{i}", new(i, "EUR")))));
            using var giveUp = new CancellationTokenSource(patience);
            while ((await subscription.GetStatusAsync()).State != SubscriptionState.Paused) await Task.Delay(1, giveUp.Token);
            (await subscription.GetStatusAsync()).LastError!.InnerException.Should().BeOfType<UnknownSchemaVersionException>();
            seen.Should().NotContain(text => text.StartsWith('n'));
        }

        await using (newBus)
            await waiting.WaitForPositionAsync(await newer.GetHeadAsync()).WaitAsync(patience);
        seen.Should().BeEquivalentTo("pn".SelectMany(kind => Enumerable.Range(0, 50).Select(i => $"{kind}{i} {i:0.00} EUR")).Append("a 1.00 EUR"));
    }

    private static async Task WriteAsync(EventStore store, string kind, Func<int, object> make)
    {
        for (var i = 0; i < 50; i++) await store.AppendAsync($"order-{kind}{i}", ExpectedVersion.NoStream, [make(i)]);
    }
}
