using System.Globalization;
using System.Text;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Migration;

public class GoldenFileTests
{
    private TemporaryFile _file = null!;

    [SetUp]
    public void Copy()
    {
        _file = new();
        Golden.CopyTo(_file.Path);
    }

    [TearDown]
    public void Delete() => _file.Dispose();

    [Test]
    public async Task Every_event_is_read_as_it_was()
    {
        await using var log = SqliteEventLog.Open(_file.Path);

        (await AllAsync(log)).Select(Text).Should().Equal(Golden.Events);
        (await AllAsync(log)).Select(e => (e.Mark != 0, e.SchemaVersion, e.ContentType)).Should().Equal(Golden.Events.Select((_, i) => (i == Golden.Events.Length - 1, 1, default(string))), "what was sealed before has no mark");
    }

    [Test]
    public async Task It_verifies_and_needs_no_repair()
    {
        await using (var log = SqliteEventLog.Open(_file.Path))
        {
            (await log.VerifyAsync()).Issues.Should().BeEmpty();
            (await log.RepairAsync()).Repaired.Should().BeEmpty();
        }

        (await SqliteEventLog.VerifyAsync(_file.Path)).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task It_is_migrated_once_and_opened_for_reading_from_then_on()
    {
        await using (SqliteEventLog.Open(_file.Path))
        {
        }

        var before = Schema(_file.Path);
        await using (SqliteEventLog.Open(_file.Path))
        {
        }

        Schema(_file.Path).Should().Equal(before);
        await using var log = SqliteEventLog.Open(_file.Path, new() { ReadOnly = true });
        (await AllAsync(log)).Should().HaveCount(12, "the last event is not sealed yet");
    }

    [Test]
    public async Task Appends_continue_where_it_ended_and_get_marks()
    {
        await using var log = SqliteEventLog.Open(_file.Path);
        var result = await AppendAsync(log, "gone-1", new LogEvent { Type = "order-paid", Data = "{}"u8.ToArray(), IsJson = true });

        (result.FirstPosition.ToInt64(), result.Version).Should().Be((16, 4));
        (await AllAsync(log))[^1].Mark.Should().NotBe(0);
        (await log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_repeated_command_and_repeated_events_are_duplicates()
    {
        await using var log = SqliteEventLog.Open(_file.Path);
        var command = await log.AppendAsync(new()
        {
            Writes = new StreamWrite[] { new("order-2", ExpectedVersion.NoStream, new LogEvent[] { new() { Type = "other", Data = "1"u8.ToArray(), IsJson = true } }) },
            CommandId = "open-2",
            Fingerprint = new byte[] { 1, 2, 3 },
        }, default);
        (command.WasDuplicate, command.FirstPosition.ToInt64()).Should().Be((true, 3));

        var stored = await AppendAsync(log, "order-3", new LogEvent { Type = "order-opened", Data = Encoding.UTF8.GetBytes("""{"orderId":"3","customer":"cem","total":1}"""), IsJson = true, Id = new("11111111-2222-4333-8444-555555555555") });
        (stored.WasDuplicate, stored.FirstPosition.ToInt64()).Should().Be((true, 4));
        var erased = await AppendAsync(log, "gone-1", new LogEvent { Type = "order-paid", Data = Encoding.UTF8.GetBytes("""{"orderId":"9","amount":1}"""), IsJson = true, Id = new("99999999-2222-4333-8444-555555555555") });
        (erased.WasDuplicate, erased.FirstPosition.ToInt64()).Should().Be((true, 7));
        var tracked = await log.AppendAsync(new() { Tracking = new("import", 41) }, default);
        tracked.WasDuplicate.Should().BeTrue();
        var next = await log.AppendAsync(new() { Tracking = new("import", 42) }, default);
        next.WasDuplicate.Should().BeFalse();
    }

    [Test]
    public async Task A_parked_event_is_delivered_and_the_subscription_continues_after_its_checkpoint()
    {
        var handled = new List<long>();
        await using var store = SqliteEventStore.Open(_file.Path, EventTypeMap.Create(OpenLogJson.Default, map => map
            .Add<Numbered>("order-opened", e => e.Tag("name", "name")).Add<string>("order-paid")));
        await using var bus = new EventBus(store, new() { LeaseTimeout = TimeSpan.FromSeconds(1) });
        await using var subscription = await bus.SubscribeAsync("projection", SubscriptionHandler.RawEach((e, _, _) =>
        {
            lock (handled) handled.Add(e.Position.ToInt64());
            return Task.CompletedTask;
        }), new() { Filter = EventQuery.OfTypes("order-opened", "order-paid") });
        await subscription.WaitForPositionAsync(await store.GetHeadAsync());

        (await subscription.RetryAllAsync()).Should().Be(1);
        handled.Should().BeEquivalentTo([3L, 15L], "3 was parked, and 14 was handled");
    }

    [Test]
    public async Task Captures_computed_columns_and_indexes_are_kept()
    {
        await using var log = SqliteEventLog.Open(_file.Path);
        using (var own = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            own.Open();
            own.Run("DELETE FROM customers WHERE id = 1");
            own.Rows("SELECT position || ' ' || coalesce(orderId, '-') || ' ' || coalesce(tags, '-') FROM events WHERE orderId = 5").Should().Equal("11 5 1");
            own.Rows("SELECT name FROM pragma_table_info('events')").Should().Equal(
                "position", "stream", "version", "eventId", "eventType", "createdDate", "correlationId", "causationId", "metadata", "data", "timestamp", "occurredAt", "actor", "schemaVersion", "orderId", "tags");
        }

        var deleted = (await AllAsync(log))[^1];
        (deleted.Type, deleted.StreamId.Value, deleted.Mark != 0, Encoding.UTF8.GetString(deleted.Data.Span)).Should().Be(("customers-deleted", "customer-1", true, """{"id":1,"name":"Anna","photo":"00FF"}"""));
        (await log.GetCapturesAsync()).Should().ContainSingle().Which.Problem.Should().BeNull();
        (await log.GetComputedColumnsAsync()).Should().Equal("orderId", "tags");
        (await log.GetIndexesAsync()).Should().Equal(EventIndex.Correlation);
    }

    [Test]
    public async Task A_captured_table_that_was_renamed_before_is_captured_still()
    {
        using (var own = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            own.Open();
            own.Run("ALTER TABLE customers RENAME TO people");
        }

        await using var log = SqliteEventLog.Open(_file.Path);
        using (var own = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            own.Open();
            own.Run("DELETE FROM people WHERE id = 1");
        }

        (await AllAsync(log))[^1].Type.Should().Be("customers-deleted");
    }

    [Test]
    public async Task What_only_reads_or_mends_says_what_to_do_and_changes_nothing()
    {
        var before = File.ReadAllBytes(_file.Path);

        FluentActions.Invoking(() => SqliteEventLog.Open(_file.Path, new() { ReadOnly = true })).Should().Throw<StoreSchemaException>().WithMessage("*schema 1*open it once for writing*");
        (await FluentActions.Awaiting(() => SqliteEventLog.VerifyAsync(_file.Path).AsTask()).Should().ThrowAsync<StoreSchemaException>()).WithMessage("*schema 1*open it once for writing*");
        (await FluentActions.Awaiting(() => SqliteEventLog.RepairAsync(_file.Path).AsTask()).Should().ThrowAsync<StoreSchemaException>()).WithMessage("*schema 1*open it once for writing*");

        File.ReadAllBytes(_file.Path).Should().Equal(before);
    }

    internal static List<string> Schema(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection.Rows("SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY type, name");
    }

    internal static async Task<List<RecordedEvent>> AllAsync(SqliteEventLog log)
    {
        var events = new List<RecordedEvent>();
        await foreach (var e in log.ReadEventsAsync(new AllRead())) events.Add(e);
        return events;
    }

    private static ValueTask<AppendResult> AppendAsync(SqliteEventLog log, string stream, LogEvent e) =>
        log.AppendAsync(new() { Writes = new StreamWrite[] { new(stream, ExpectedVersion.Any, new[] { e }) } }, default);

    private static string Text(RecordedEvent e) => string.Join('|', e.Position, e.StreamId, e.Version, e.Id, e.Type, Moment(e.Timestamp), e.OccurredAt is { } occurred ? Moment(occurred) : "", e.CorrelationId, e.CausationId,
        string.Join(',', e.Tags ?? []), Encoding.UTF8.GetString(e.Metadata.Span), e.IsJson ? Encoding.UTF8.GetString(e.Data.Span) : Convert.ToHexString(e.Data.Span));

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("o", CultureInfo.InvariantCulture);
}
