using System.Text;
using System.Text.Json;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>Texts that break out of carelessly made statements, through everything that takes text: read back equal, or refused; the tables stay what they are.</summary>
public class HostileTextTests : OpenLogTest
{
    public static IEnumerable<TestCaseData> Texts
    {
        get
        {
            string[] texts =
            [
                "'", "''", "\"", "\"\"", "`", "[x]", "a'b", "a\"b", "\\", "\\'", ";", "--", "/*", "*/", "%", "_", "*", "?", "?1", "$x", "@x", ":x", "#", "{0}", "NULL", "0", "-1", "1e999",
                "'; DROP TABLE es_events; --", "\"; DROP TABLE es_events; --", "'); DELETE FROM es_events; --", "' OR '1'='1", "' OR 1=1 --", "1; ATTACH 'x' AS y", "x' UNION SELECT name FROM sqlite_master --",
                "a'||(SELECT group_concat(sql) FROM sqlite_master)||'b", "'||char(0)||'", "$(rm -rf x)", "../../x", "events", "es_events", "sqlite_master", "main.es_events", "{\"n\":1}", "\\u0000", "\\u0027",
                "a:b", "a-b", "-", " ", " a ", "größe", "日本語", "😀", "a\u0301", "\u00A0", "\u200B", "\u202Eb", "\uFEFFa", "\uFFFD", "İ", "ß", new('x', 512), new('é', 256),
                "", "a\0b", "\0", "a\nb", "\r", "\t", "\u001b[2J", "a\u007f", "\u0085", "\u009f", "\ud800", "a\udc00b", new('x', 513), new('é', 257), new('x', 100_000),
            ];
            foreach (var text in texts) yield return new TestCaseData(text).SetArgDisplayNames(JsonEncodedText.Encode(text.Length > 100 ? $"{text[0]} {text.Length} times" : text.ToValidUtf16()).ToString());
        }
    }

    private static bool IsName(string text) =>
        text.Length > 0 && !text.Any(char.IsControl) && text == text.ToValidUtf16() && Encoding.UTF8.GetByteCount(text) <= 512;

    [TestCaseSource(nameof(Texts))]
    public async Task Names_inserted_in_sql_are_stored_as_they_are_or_refused(string text)
    {
        var before = Schema();
        foreach (var column in new[] { "stream", "eventType", "correlationId", "causationId" })
        {
            var (count, type) = (Count("events"), column == "eventType" ? "$text" : "'a'");
            var columns = column == "eventType" ? "eventType, stream" : column == "stream" ? "eventType, stream" : $"eventType, stream, {column}";
            var values = column == "eventType" ? $"{type}, 's-1'" : column == "stream" ? $"{type}, $text" : $"{type}, 's-1', $text";
            var insert = () => Sql($"INSERT INTO events ({columns}, data) VALUES ({values}, '{{}}')", ("$text", text));
            if (!IsName(text))
            {
                // The driver makes U+FFFD of a lone surrogate, which is a name again.
                if (text != text.ToValidUtf16()) continue;
                insert.Should().Throw<SqliteException>().WithMessage($"*{column}*");
                Count("events").Should().Be(count);
                continue;
            }

            insert();
            var e = (await AllAsync())[^1];
            (column switch { "stream" => e.StreamId.Value, "eventType" => e.Type, "correlationId" => e.CorrelationId, _ => e.CausationId }).Should().Be(text);
            using var connection = Connect();
            using var command = connection.CreateCommand();
            command.CommandText = $"SELECT count(*) FROM events WHERE {column} = $text";
            command.Parameters.AddWithValue("$text", text);
            ((long)command.ExecuteScalar()!).Should().BePositive();
        }

        Unharmed(before);
    }

    [TestCaseSource(nameof(Texts))]
    public async Task Literals_of_the_shell_are_stored_as_they_are(string text)
    {
        if (!IsName(text)) Assert.Pass("It is no name.");
        var before = Schema();
        var quoted = text.Replace("'", "''", StringComparison.Ordinal);
        var json = JsonSerializer.Serialize(text, OpenLogJson.Default.String).Replace("'", "''", StringComparison.Ordinal);
        Shell.Run(Path, $"INSERT INTO events (stream, eventType, correlationId, causationId, metadata, data) VALUES ('{quoted}', '{quoted}', '{quoted}', '{quoted}', '{{\"k\":{json}}}', '{json}');");

        var e = (await AllAsync())[^1];
        (e.StreamId.Value, e.Type, e.CorrelationId, e.CausationId).Should().Be((text, text, text, text));
        JsonSerializer.Deserialize(e.Data.Span, OpenLogJson.Default.String).Should().Be(text);
        Unharmed(before);
    }

    [TestCaseSource(nameof(Texts))]
    public async Task Columns_that_are_no_names_take_what_they_are_for_or_refuse(string text)
    {
        var before = Schema();
        foreach (var (column, message) in new[] { ("eventId", "eventId"), ("createdDate", "createdDate"), ("version", "version"), ("position", "position") })
        {
            var insert = () => Sql($"INSERT INTO events (eventType, data, {column}) VALUES ('a', '{{}}', $text)", ("$text", text));
            insert.Should().Throw<SqliteException>().WithMessage($"*{message}*");
        }

        var count = 0;
        foreach (var (column, others, values) in new[] { ("data", "eventType", "'a'"), ("metadata", "eventType, data", "'a', '{}'") })
        {
            try
            {
                Sql($"INSERT INTO events ({others}, {column}) VALUES ({values}, $text)", ("$text", text));
                var e = (await AllAsync())[^1];
                Encoding.UTF8.GetString((column == "data" ? e.Data : e.Metadata).Span).Should().Be(text);
                count++;
            }
            catch (SqliteException refusal)
            {
                refusal.Message.Should().Contain(column);
            }
        }

        // As a value in JSON any text may stand.
        var json = JsonSerializer.Serialize(text.ToValidUtf16(), OpenLogJson.Default.String);
        Sql("INSERT INTO events (eventType, metadata, data) VALUES ('a', json_object('k', json($json)), $json)", ("$json", json));
        JsonSerializer.Deserialize((await AllAsync())[^1].Data.Span, OpenLogJson.Default.String).Should().Be(text.ToValidUtf16());
        Count("events").Should().Be(count + 1);
        Unharmed(before);
    }

    [TestCaseSource(nameof(Texts))]
    public async Task Texts_given_to_the_library_are_read_back_equal_or_refused(string text)
    {
        Log.UseTagRules(EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("numbered", e => e.Tag("n", "n"))).Types);
        await Log.AddIndexAsync(EventIndex.Correlation);
        await Log.AddIndexAsync(EventIndex.Causation);
        var before = Schema();
        var store = new EventStore(Log, EventTypeMap.Empty);
        var isName = IsName(text);
        await SaysAsync(isName, () => AppendAsync(new() { Type = text }));
        await SaysAsync(isName, () => AppendAsync(new() { Type = "a", CorrelationId = text, CausationId = text }));
        await SaysAsync(isName, () => AppendAsync(new() { Type = "a" }, text));
        await SaysAsync(isName && Encoding.UTF8.GetByteCount(text) <= 509, () => AppendAsync(new() { Type = "a", Tags = [new("ta", text)] }), mayBeEmpty: true);
        await SaysAsync(isName, async () => await Log.AppendAsync(new() { CommandId = text }, default));
        await SaysAsync(isName, async () => await Log.AppendAsync(new() { Tracking = new(text, 1) }, default));
        await SaysAsync(isName, async () => await Log.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.View, text, "v"u8.ToArray())] }, default));
        await SaysAsync(isName, async () => _ = await store.FindCommandAsync(text));
        await SaysAsync(isName, async () => _ = await CountAsync(LogQuery.OfTypes(text)));
        await SaysAsync(isName, async () => _ = await CountAsync(LogQuery.All.InStream(text)));
        if (isName)
        {
            var all = await AllAsync();
            (all[0].Type, all[1].CorrelationId, all[1].CausationId, all[2].StreamId.Value).Should().Be((text, text, text, text));
            (await CountAsync(LogQuery.OfTypes(text))).Should().Be(1);
            (await CountAsync(LogQuery.All.InStream(text))).Should().Be(1);
            (await store.FindCommandAsync(text)).Should().NotBeNull();
            foreach (var kind in new[] { RecordKind.View, RecordKind.Tracking, RecordKind.Command })
                (await Log.ReadRecordsAsync(kind, text, text, 1, default)).Should().ContainSingle().Which.Key.Should().Be(text);
        }

        (await ((ITracingLog)Log).FindTraceAsync(text, null, 10, default)).Should().HaveCount(isName ? 1 : 0);
        (await Log.ReadRecordsAsync(RecordKind.View, text, null, 10, default)).Count.Should().BeLessThanOrEqualTo(1);
        Unharmed(before);
    }

    [TestCaseSource(nameof(Texts))]
    public async Task Names_of_subscriptions_tables_and_fields_do_no_harm(string text)
    {
        var before = Schema();
        var store = new EventStore(Log, EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        try
        {
            var subscription = await bus.SubscribeAsync(text, SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask));
            await subscription.WaitForPositionAsync(await store.GetHeadAsync()).WaitAsync(TimeSpan.FromMinutes(1));
        }
        catch (ArgumentException)
        {
            (IsName(text) && !text.Contains('/') && text.Length <= 200).Should().BeFalse($"'{text}' is a name");
        }

        foreach (var misuse in new Func<Task>[] { async () => await Log.CaptureTableAsync(text), async () => await Log.CaptureTableAsync("stock", c => c.Columns(text)), async () => await Log.CaptureTableAsync("stock", c => c.StreamFrom(text)) })
            await misuse.Should().ThrowAsync<ArgumentException>();
        await Log.RemoveCaptureOrRefuseAsync(text);
        Unharmed(before);
        try
        {
            await Log.AddComputedColumnAsync(text);
            (await Log.GetComputedColumnsAsync()).Should().Equal(text);
            Shell.Run(Path, $"SELECT \"{text}\" FROM events;").Should().BeEmpty();
        }
        catch (ArgumentException)
        {
            Unharmed(before);
        }
    }

    private static async Task SaysAsync(bool isRight, Func<ValueTask> say, bool mayBeEmpty = false)
    {
        try
        {
            await say();
            (isRight || mayBeEmpty).Should().BeTrue("it is no name and should have been refused");
        }
        catch (ArgumentException)
        {
            isRight.Should().BeFalse("it is a name");
        }
    }

    private async ValueTask AppendAsync(LogEvent e, string stream = "s-1") =>
        await Log.AppendAsync(new() { Writes = new StreamWrite[] { new(new(stream), ExpectedVersion.Any, new[] { e with { Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);

    private async ValueTask<int> CountAsync(LogQuery query) => (await AllAsync(query: query)).Count;

    private string Schema()
    {
        using var connection = Connect();
        return string.Join('\n', connection.Rows("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY name"));
    }

    private void Unharmed(string before)
    {
        Schema().Should().Be(before);
        Scalar("PRAGMA integrity_check").Should().Be("ok");
        Count("es_inbox").Should().Be(0);
    }
}

internal static class HostileTextExtensions
{
    /// <summary>The text with U+FFFD for every lone surrogate.</summary>
    internal static string ToValidUtf16(this string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    internal static async Task RemoveCaptureOrRefuseAsync(this SqliteEventLog log, string table)
    {
        if (table.Length > 0) (await log.RemoveCaptureAsync(table)).Should().BeFalse();
        else await log.Invoking(l => l.RemoveCaptureAsync(table).AsTask()).Should().ThrowAsync<ArgumentException>();
    }
}
