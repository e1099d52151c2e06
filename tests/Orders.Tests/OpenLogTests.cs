using System.Diagnostics;
using System.Globalization;
using System.Text;
using EventSourcing;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using Orders.Commands;
using Orders.Domain.Sales;

namespace Orders.Tests;

/// <summary>Other programs read the shop's file in SQL and append to it, while the shop has it open.</summary>
[TestFixture]
public sealed class OpenLogTests
{
    private const string OrderId = "ab5befb0-6cf2-4a14-a2d6-35778d4e6ba8", EventId = "b2e0c5cc-ce1d-4bf9-a7c8-c1fd87ea8d55", Stream = $"createOrder-{EventId}";
    private const string Order = $$"""{"orderId":"{{OrderId}}","customerId":"c-1","country":"France","createdAt":"2026-11-23T10:00:00Z","totalPrice":7.00,"lines":[{"productId":"clock","description":"Alarm clock","quantity":2,"unitPrice":3.50}]}""";
    private const string Update = $$"""{"orderId":"{{OrderId}}","customerId":"c-1","country":"France","totalPrice":9.00,"lines":[{"productId":"bell","description":"Bell","quantity":1,"unitPrice":2.00}]}""";
    private const string Cancel = $$"""{"orderId":"{{OrderId}}","reason":"changed her mind"}""";

    private const string ByType = "SELECT * FROM events WHERE eventType = 'createOrder';";
    private const string ByOrder = $"SELECT * FROM events WHERE orderId = '{OrderId}' AND eventType IN ('updateOrder', 'cancelOrder');";
    private const string Insert = $"INSERT INTO events (eventId, eventType, createdDate, data) VALUES ('{EventId}', 'createOrder', datetime('now'), '{Order}');";
    private const string InsertMore = $"INSERT INTO events (stream, eventType, data) VALUES ('{Stream}', 'updateOrder', '{Update}'), ('{Stream}', 'cancelOrder', '{Cancel}');";

    private TempFolder _folder = null!;
    private string _db = null!;

    [SetUp]
    public void Open()
    {
        _folder = new();
        _db = _folder.File("shop.db");
    }

    [TearDown]
    public void Close() => _folder.Dispose();

    [Test]
    public async Task An_order_inserted_in_sql_is_read_as_one_of_the_shop_s_own_and_reaches_a_waiting_reader()
    {
        await using var store = await TourAsync();
        var head = await store.GetHeadAsync();
        var waiting = store.WaitForEventsAsync(head).AsTask();
        // The first look of the watcher comes with the wait; an insert after it needs the hint.
        await Task.Delay(300);
        var started = Stopwatch.GetTimestamp();
        Shell.Run(_db, Insert);
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        TestContext.Out.WriteLine($"the reader was woken {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms after the shell was started");

        var e = await store.ReadAllAsync(EventQuery.Of<OrderCreated>(), new() { AfterPosition = head }).SingleAsync();
        (e.EventId, e.StreamId.Value, e.Version, e.Type).Should().Be((Guid.Parse(EventId), Stream, 1L, "createOrder"));
        e.Data.Should().BeOfType<OrderCreated>().Which.OrderId.Should().Be(OrderId);
        e.Tags.Should().Equal(new Tag("customer", "c-1"));
        e.OccurredAt.Should().BeCloseTo(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
    }

    [Test]
    public async Task The_selects_return_what_the_store_reads()
    {
        await using var store = await TourAsync();
        Shell.Run(_db, Insert + InsertMore);

        var own = await RowsAsync(store, EventQuery.OfTypes("createOrder"));
        own.Should().ContainSingle();
        Shell.Run(_db, ByType).Split('\n').Should().Equal(own);
        var others = await RowsAsync(store, EventQuery.OfTypes("updateOrder", "cancelOrder"));
        others.Should().HaveCount(2);
        Shell.Run(_db, ByOrder).Split('\n').Should().Equal(others);
        Shell.Run(_db, "SELECT stream FROM events WHERE orderId = '1002';").Should().Be("order-1002");
    }

    [Test]
    public async Task An_order_is_found_by_index()
    {
        await using var store = await TourAsync();
        Shell.Run(_db, "EXPLAIN QUERY PLAN " + ByOrder).Should().Contain("USING INDEX es_promoted_orderId (<expr>=?)");
    }

    [Test]
    public async Task Queries_show_what_sql_appended_and_nobody_finalized()
    {
        await (await TourAsync()).DisposeAsync();
        var before = await RunAsync("report", "--json");
        Shell.Run(_db, Insert + InsertMore);

        (await RunAsync("log", "--last", "1")).Should().Contain($"\t{Stream}\t3\tcancelOrder\t");
        Shell.Run(_db, Insert.Replace(EventId, Guid.NewGuid().ToString(), StringComparison.Ordinal));
        (await RunAsync("log", "--type", "createOrder")).TrimEnd().Split('\n').Should().HaveCount(2);
        (await RunAsync("show", Stream)).Should().Contain("version 3 of 3").And.Contain("cancelled").And.Contain("Alarm clock").And.Contain("Bell").And.Contain("9.00");
        (await RunAsync("show", Stream, "--version", "1")).Should().Contain("created").And.NotContain("Bell");
        (await RunAsync("trace", Stream)).Should().Contain($"{Stream}@1 createOrder").And.Contain($"{Stream}@3 cancelOrder");
        (Number(await RunAsync("report", "--json"), "orders") - Number(before, "orders")).Should().Be(2);
        (Number(await RunAsync("report", "--json"), "netValue") - Number(before, "netValue")).Should().Be(16);
    }

    [TestCase("createOrder", "{}")]
    [TestCase("createOrder", """{"orderId":"9","lines":[{}]}""")]
    [TestCase("updateOrder", "{}")]
    [TestCase("cancelOrder", "{}")]
    public async Task What_an_order_in_sql_leaves_out_stops_no_query(string type, string json)
    {
        await (await Stores.OpenAsync(_db)).DisposeAsync();
        Shell.Run(_db, $"INSERT INTO events (stream, eventType, data) VALUES ('createOrder-1', '{type}', '{json}');");
        foreach (var command in new[] { "show", "trace" }) (await RunAsync(command, "createOrder-1")).Should().Contain("createOrder-1");
        Number(await RunAsync("report", "--json"), "netValue").Should().Be(0);
    }

    private async Task<IEventStore> TourAsync()
    {
        var store = await Stores.OpenAsync(_db);
        await new Tour(store, TextWriter.Null, TimeProvider.System).RunAsync();
        return store;
    }

    private async Task<string> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        (await App.RunAsync([.. args, "--db", _db], new Screen(output, error, IsTerminal: false))).Should().Be(0, error.ToString());
        return output.ToString();
    }

    // As the shell prints them.
    private static async Task<List<string>> RowsAsync(IEventStore store, EventQuery query)
    {
        using var page = await store.Log.ReadAsync(new AllRead { Query = query.Resolve(store.Types) }, default);
        return [.. page.Events.ToArray().Select(e => string.Join('|',
            e.Position, e.StreamId, e.Version, e.Id, e.Type, Text(e.OccurredAt ?? e.Timestamp),
            e.CorrelationId, e.CausationId, Encoding.UTF8.GetString(e.Metadata.Span), Encoding.UTF8.GetString(e.Data.Span),
            Text(e.Timestamp), Text(e.OccurredAt), e.Tags is null ? "" : $"[{string.Join(',', e.Tags.Select(tag => $"\"{tag}\""))}]", "", e.SchemaVersion, OrderId))];
    }

    private static string? Text(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static decimal Number(string json, string property)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return document.RootElement.GetProperty(property).GetDecimal();
    }
}
