using System.Text.Json;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

public class TableCaptureTests : OpenLogTest
{
    private static JsonElement Json(RecordedEvent e) => JsonDocument.Parse(e.Data).RootElement;

    [Test]
    public async Task Changes_become_events_with_old_and_new_values()
    {
        Sql("CREATE TABLE stock (sku TEXT PRIMARY KEY, n INTEGER, price REAL, note)");
        await Log.CaptureTableAsync("stock", capture => capture.StreamFrom("sku").Types(inserted: "stock-added", updated: "stock-changed", deleted: "stock-removed"));
        Sql("INSERT INTO stock VALUES ('84077', 5, 0.1, NULL); UPDATE stock SET n = 4, price = 0.30000000000000004; DELETE FROM stock");

        var all = await AllAsync();

        all.Select(e => (e.StreamId.Value, e.Type)).Should().Equal(("stock-84077", "stock-added"), ("stock-84077", "stock-changed"), ("stock-84077", "stock-removed"));
        all[0].Data.ToArray().Should().Equal("""{"sku":"84077","n":5,"price":0.1,"note":null}"""u8.ToArray());
        Json(all[1]).GetProperty("old").GetProperty("n").GetInt32().Should().Be(5);
        Json(all[1]).GetProperty("new").GetProperty("price").GetDouble().Should().Be(0.30000000000000004);
        Json(all[2]).GetProperty("price").GetDouble().Should().Be(0.30000000000000004);
    }

    [Test]
    public async Task Captures_are_listed_survive_reopening_and_are_removed()
    {
        Sql("CREATE TABLE stock (sku, n); CREATE TABLE other (a)");
        await Log.CaptureTableAsync("STOCK", capture => capture.StreamFrom("SKU", "lager").Types(inserted: "added").Columns("N"));
        await Log.CaptureTableAsync("other");
        await ReopenAsync();
        Sql("INSERT INTO stock VALUES ('a', 1); UPDATE stock SET n = 2; INSERT INTO other VALUES (1)");

        (await Log.GetCapturesAsync()).Should().HaveCount(2).And.OnlyContain(c => c.Problem == null);
        (await Log.GetCapturesAsync())[1].Should().BeEquivalentTo(new { Table = "stock", Category = "lager", StreamColumn = "sku", InsertedType = "added", UpdatedType = (string?)null, DeletedType = (string?)null });
        (await Log.GetCapturesAsync())[1].Columns.Should().Equal("n");
        (await AllAsync()).Select(e => (e.StreamId.Value, e.Type)).Should().Equal(("lager-a", "added"), ("other", "other-inserted"));
        (await Log.RemoveCaptureAsync("Stock")).Should().BeTrue();
        (await Log.RemoveCaptureAsync("stock")).Should().BeFalse();
        Sql("INSERT INTO stock VALUES ('b', 1)");
        Count("events").Should().Be(2);
        Count("sqlite_master WHERE name GLOB 'es_capture_*_stock'").Should().Be(0);
    }

    [Test]
    public async Task Twenty_thousand_changes_in_one_transaction_are_as_many_events_in_order()
    {
        Sql("CREATE TABLE stock (id INTEGER PRIMARY KEY, amount REAL, state TEXT)");
        await Log.CaptureTableAsync("stock", capture => capture.Types("inserted", "updated", "deleted"));
        const string Changes = "INSERT INTO stock WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i, i / 7.0, 'new' FROM n;\n"
            + "UPDATE stock SET state = 'sold' WHERE id <= 6000;\nDELETE FROM stock WHERE id > 6000;\n";
        Shell.Run(Path, "BEGIN;\n" + Changes + "ROLLBACK;");
        Count("events").Should().Be(0);
        await AppendAsync("s-1", Event("before", "{}"));
        Shell.Run(Path, "BEGIN;\n" + Changes + "COMMIT;");

        var all = (await AllAsync()).Skip(1).ToList();

        all.Select(e => e.Position.ToInt64()).Should().Equal(Enumerable.Range(2, 20_000).Select(i => (long)i));
        all.Select(e => e.Type).Should().Equal(Enumerable.Repeat("inserted", 10_000).Concat(Enumerable.Repeat("updated", 6000)).Concat(Enumerable.Repeat("deleted", 4000)));
        for (var i = 0; i < 10_000; i++)
        {
            var inserted = Json(all[i]);
            (inserted.GetProperty("id").GetInt32(), inserted.GetProperty("amount").GetDouble()).Should().Be((i + 1, (i + 1) / 7.0));
            if (i < 6000) (Json(all[10_000 + i]).GetProperty("old").GetProperty("state").GetString(), Json(all[10_000 + i]).GetProperty("new").GetProperty("state").GetString(), Json(all[10_000 + i]).GetProperty("new").GetProperty("id").GetInt32()).Should().Be(("new", "sold", i + 1));
            else Json(all[10_000 + i]).GetProperty("id").GetInt32().Should().Be(i + 1);
        }
    }

    [Test]
    public async Task No_value_fails_its_user_s_statement()
    {
        Sql("CREATE TABLE odd (sku, v)");
        await Log.CaptureTableAsync("odd", capture => capture.StreamFrom("sku"));
        string[] values = ["x'00ff'", "zeroblob(100)", "9e999", "-9e999", "1e308", "5e-324", "NULL", "''", "char(0)", "char(1)", "'\"\\'", "-9223372036854775808", "9007199254740993", "1.0"];
        foreach (var v in values)
            Shell.Run(Path, $"INSERT INTO odd VALUES (NULL, {v}), (x'00ff', {v}), ('', {v}), (1.5, {v}), (7, {v}); UPDATE odd SET v = {v}; DELETE FROM odd;");

        var all = await AllAsync();
        all.Should().HaveCount(values.Length * 15);
        all.Select(e => e.StreamId.Value).Distinct().Should().BeEquivalentTo("odd", "odd-00FF", "odd-1.5", "odd-7");
        Json(all[0]).GetProperty("v").GetString().Should().Be("00FF");
        foreach (var e in all) Json(e).ValueKind.Should().Be(JsonValueKind.Object);
    }

    [Test]
    public async Task A_table_of_150_columns_is_captured()
    {
        Sql($"CREATE TABLE wide ({string.Join(", ", Enumerable.Range(0, 150).Select(i => $"c{i}"))})");
        await Log.CaptureTableAsync("wide");
        Shell.Run(Path, $"INSERT INTO wide VALUES ({string.Join(", ", Enumerable.Range(0, 150).Select(i => $"'{i}}}'"))}); UPDATE wide SET c0 = 1;");

        var all = await AllAsync();
        for (var i = 0; i < 150; i++) Json(all[0]).GetProperty($"c{i}").GetString().Should().Be($"{i}}}");
        Json(all[1]).GetProperty("new").EnumerateObject().Should().HaveCount(150);
    }

    [Test]
    public async Task Replace_emits_a_delete_only_with_recursive_triggers()
    {
        Sql("CREATE TABLE stock (sku TEXT PRIMARY KEY, n)");
        await Log.CaptureTableAsync("stock");
        Sql("INSERT INTO stock VALUES ('a', 1); REPLACE INTO stock VALUES ('a', 2); PRAGMA recursive_triggers = ON; REPLACE INTO stock VALUES ('a', 3)");
        (await AllAsync()).Select(e => e.Type).Should().Equal("stock-inserted", "stock-inserted", "stock-deleted", "stock-inserted");
    }

    [TestCase("ALTER TABLE stock ADD COLUMN extra", "added: extra")]
    [TestCase("ALTER TABLE stock RENAME COLUMN n TO m", "gone or renamed: n")]
    [TestCase("ALTER TABLE stock RENAME TO lager", "called 'lager'")]
    [TestCase("DROP TABLE stock", "table is gone")]
    [TestCase("DROP TRIGGER es_capture_insert_stock", "insert trigger is gone")]
    public async Task A_change_of_the_table_is_reported(string change, string problem)
    {
        Sql("CREATE TABLE stock (sku, n)");
        await Log.CaptureTableAsync("stock");
        Sql(change);
        (await Log.GetCapturesAsync()).Should().ContainSingle().Which.Problem.Should().Contain(problem);
        (await Log.RemoveCaptureAsync("stock")).Should().BeTrue();
        Count("sqlite_master WHERE name GLOB 'es_capture_*'").Should().Be(0);
    }

    [TestCase("nothing")]
    [TestCase("es_events")]
    [TestCase("events")]
    [TestCase("sqlite_master")]
    [TestCase("stock; DROP TABLE es_events")]
    [TestCase("stock\"")]
    public async Task What_is_no_table_of_the_user_s_is_refused(string table)
    {
        Sql("CREATE TABLE stock (sku, n)");
        var before = Dump();
        var capture = async () => await Log.CaptureTableAsync(table);
        await capture.Should().ThrowAsync<ArgumentException>();
        Dump().Should().Be(before);
    }

    [Test]
    public async Task Hostile_names_are_names()
    {
        string[] hostile = ["a\"b", "a'b", "a\"; DROP TABLE es_events; --", "'); DELETE FROM es_events; --", "a`b", "[a]", "sel ect", "größe", "a;b", "😀"];
        var tables = hostile.Select((h, i) => (Name: $"{h}{i}", Quoted: "\"" + $"{h}{i}".Replace("\"", "\"\"", StringComparison.Ordinal) + "\"", Column: "\"" + h.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"", Plain: h)).ToList();
        foreach (var t in tables) Sql($"CREATE TABLE {t.Quoted} ({t.Column}, n)");
        var before = Count("sqlite_master WHERE type = 'table'");
        foreach (var t in tables)
        {
            await Log.CaptureTableAsync(t.Name, capture => capture.StreamFrom(t.Plain, t.Plain).Types(t.Plain, t.Plain, t.Plain).Columns(t.Plain, "n"));
            Shell.Run(Path, $"INSERT INTO {t.Quoted} VALUES ('k', 1); UPDATE {t.Quoted} SET n = 2; DELETE FROM {t.Quoted};");
        }

        var all = await AllAsync();
        all.Select(e => (e.StreamId.Value, e.Type)).Should().Equal(tables.SelectMany(t => Enumerable.Repeat((t.Plain + "-k", t.Plain), 3)));
        Json(all[0]).GetProperty(hostile[0]).GetString().Should().Be("k");
        Count("sqlite_master WHERE type = 'table'").Should().Be(before);
        (await Log.GetCapturesAsync()).Should().OnlyContain(c => c.Problem == null);
        foreach (var t in tables) (await Log.RemoveCaptureAsync(t.Name)).Should().BeTrue();
        Count("sqlite_master WHERE name GLOB 'es_capture_*'").Should().Be(0);
        Count("events").Should().Be(30);
    }

    [TestCase("a\0b")]
    [TestCase("a\nb")]
    public async Task A_type_or_category_that_is_no_name_is_refused(string name)
    {
        Sql("CREATE TABLE stock (sku, n)");
        var type = async () => await Log.CaptureTableAsync("stock", c => c.Types(name));
        var category = async () => await Log.CaptureTableAsync("stock", c => c.StreamFrom("sku", name));
        var column = async () => await Log.CaptureTableAsync("stock", c => c.Columns(name));
        await type.Should().ThrowAsync<ArgumentException>();
        await category.Should().ThrowAsync<ArgumentException>();
        await column.Should().ThrowAsync<ArgumentException>();
        (await Log.GetCapturesAsync()).Should().BeEmpty();
    }
}
