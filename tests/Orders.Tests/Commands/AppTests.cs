using EventSourcing;
using Microsoft.Data.Sqlite;
using Orders.Commands;
using Orders.Domain.Sales;
using Orders.Views;

namespace Orders.Tests.Commands;

[TestFixture]
public sealed class AppTests
{
    private const string Order1 = "1,A,first,2,2010-12-01 08:00:00,1.50,10.0,France";
    private const string Order2 = "2,A,first,5,2010-12-01 08:01:00,1.50,,Spain";

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

    private static async Task<(int Code, string Out, string Error)> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = await App.RunAsync(args, new Screen(output, error, IsTerminal: false));
        return (code, output.ToString(), error.ToString());
    }

    private async Task<(int Code, string Out, string Error)> ImportAsync(params string[] lines) =>
        await RunAsync("import", _folder.Sales(lines), "--db", _db);

    [Test]
    public async Task Without_arguments_the_tour_runs()
    {
        var (code, output, _) = await RunAsync();
        Directory.Delete(Path.GetDirectoryName(output.TrimEnd().Split(' ')[^1])!, recursive: true);
        code.Should().Be(0);
    }

    [Test]
    public async Task An_import_says_what_it_did() =>
        (await ImportAsync(Order1, Order2)).Out.Should().Contain("2 lines of 2 invoices are stored; 4 events appended");

    [Test]
    public async Task An_import_of_everything_exits_with_0() => (await ImportAsync(Order1, Order2)).Code.Should().Be(0);

    [Test]
    public async Task An_import_with_a_malformed_line_exits_with_2() => (await ImportAsync(Order1, "2,A")).Code.Should().Be(2);

    [Test]
    public async Task A_malformed_line_is_named_on_the_error_stream() =>
        (await ImportAsync(Order1, "2,A")).Error.Should().Be("sales.csv line 3: it has 2 fields, not 8; invoice 2 is refused" + Environment.NewLine);

    [Test]
    public async Task A_second_import_appends_0_events()
    {
        await ImportAsync(Order1, Order2);
        (await ImportAsync(Order1, Order2)).Out.Should().Contain("; 0 events appended");
    }

    [Test]
    public async Task A_missing_file_exits_with_1_and_one_line()
    {
        var (code, _, error) = await RunAsync("import", _folder.File("none.csv"), "--db", _db);
        (code, error.TrimEnd().Split('\n').Length).Should().Be((1, 1));
    }

    [Test]
    public async Task A_missing_file_creates_no_database()
    {
        await RunAsync("import", _folder.File("none.csv"), "--db", _db);
        File.Exists(_db).Should().BeFalse();
    }

    [Test]
    public async Task A_file_of_something_else_creates_no_database()
    {
        await RunAsync("import", _folder.Write("other.csv", "a,b", "1,2"), "--db", _db);
        File.Exists(_db).Should().BeFalse();
    }

    [TestCase("report")]
    [TestCase("report", "--json")]
    [TestCase("report", "--replay")]
    [TestCase("views")]
    [TestCase("rebuild")]
    [TestCase("show", "1")]
    [TestCase("log")]
    public async Task A_missing_database_exits_with_1_and_one_line(params string[] command)
    {
        var (code, output, error) = await RunAsync([.. command, "--db", _db]);
        (code, output, error.TrimEnd().Split('\n').Length).Should().Be((1, "", 1));
    }

    [TestCase("report")]
    [TestCase("log")]
    public async Task Reading_a_missing_database_creates_none(string command)
    {
        await RunAsync(command, "--db", _db);
        File.Exists(_db).Should().BeFalse();
    }

    [TestCase("import")]
    [TestCase("report")]
    [TestCase("log")]
    public async Task A_file_that_is_no_database_exits_with_1_and_is_left_as_it_is(string command)
    {
        _folder.Write("shop.db", Enumerable.Repeat("this is a text and no database", 100).ToArray());
        await FailsAndChangesNothingAsync(On(command));
    }

    [TestCase("import")]
    [TestCase("report")]
    [TestCase("log")]
    public async Task A_foreign_database_exits_with_1_and_is_left_as_it_is(string command)
    {
        await SqlAsync("CREATE TABLE mine (id INTEGER PRIMARY KEY)");
        await FailsAndChangesNothingAsync(On(command));
    }

    [TestCase("import")]
    [TestCase("report")]
    [TestCase("show")]
    [TestCase("log")]
    public async Task A_store_of_a_newer_schema_exits_with_1_and_is_left_as_it_is(string command)
    {
        await ImportAsync(Order1);
        await SqlAsync("DROP TRIGGER es_log_update; UPDATE es_log SET value = 99 WHERE name = 'schema'");
        await FailsAndChangesNothingAsync(On(command));
    }

    [Test]
    public async Task A_backup_has_what_the_store_has()
    {
        await ImportAsync(Order1, Order2);
        var copy = _folder.File("copy.db");
        var (code, output, _) = await RunAsync("backup", "--db", _db, "--to", copy);
        (code, output).Should().Match<(int Code, string Out)>(r => r.Code == 0 && r.Out.Contains("has the events through position 4"));
        (await RunAsync("log", "--db", copy)).Out.Should().Be((await RunAsync("log", "--db", _db)).Out);
    }

    [Test]
    public async Task A_backup_that_would_replace_a_file_exits_with_1_and_changes_nothing()
    {
        await ImportAsync(Order1);
        await FailsAndChangesNothingAsync(["backup", "--db", _db, "--to", _db]);
    }

    [TestCase("backup", "--to", "copy.db")]
    [TestCase("verify")]
    public async Task A_database_that_is_not_there_is_neither_copied_nor_verified(params string[] command)
    {
        var (code, output, error) = await RunAsync([.. command, "--db", _db]);
        (code, output, error.TrimEnd().Split('\n').Length).Should().Be((1, "", 1));
        File.Exists(_db).Should().BeFalse();
    }

    [Test]
    public async Task An_intact_file_is_verified_with_0()
    {
        await ImportAsync(Order1, Order2);
        var (code, output, _) = await RunAsync("verify", "--db", _db);
        (code, output.TrimEnd()).Should().Be((0, $"{_db} is intact: 4 events through position 4, 4 records"));
    }

    [Test]
    public async Task A_damaged_file_is_verified_with_1_and_its_findings()
    {
        await ImportAsync(Order1, Order2);
        await SqlAsync("DROP TRIGGER es_events_update; UPDATE es_events SET data = '{}' WHERE position = 2");
        var (code, output, _) = await RunAsync("verify", "--db", _db);
        code.Should().Be(1);
        output.Should().Contain("position 2: the event is not what was stored").And.Contain("trigger es_events_update: it is missing").And.Contain("is damaged: 4 events");
    }

    [Test]
    public async Task A_text_is_verified_with_1()
    {
        _folder.Write("shop.db", Enumerable.Repeat("this is a text and no database", 100).ToArray());
        (await RunAsync("verify", "--db", _db)).Code.Should().Be(1);
    }

    [Test]
    public async Task A_json_report_is_nothing_but_json()
    {
        await ImportAsync(Order1, Order2);
        using var json = System.Text.Json.JsonDocument.Parse((await RunAsync("report", "--json", "--db", _db)).Out);
        json.RootElement.EnumerateObject().Select(p => p.Name).Should().Equal(
            "lines", "orders", "creditNotes", "adjustments", "customers", "buyers", "products", "netValue", "byCountry", "byDay", "topProducts", "topCustomers", "mostReturned");
    }

    [Test]
    public async Task A_report_from_views_is_the_one_from_the_log([Values] bool isJson)
    {
        await ImportAsync(Order1, Order2);
        string[] json = isJson ? ["--json"] : [];
        var (code, output, _) = await RunAsync(["report", .. json, "--db", _db]);
        code.Should().Be(0);
        output.Should().Contain(isJson ? "\"netValue\": 10.5," : "net value by day").And.Be((await RunAsync(["report", .. json, "--replay", "--db", _db])).Out);
    }

    [Test]
    public async Task A_report_brings_the_views_up_to_date()
    {
        await ImportAsync(Order1);
        await RunAsync("report", "--db", _db);
        await ImportAsync(Order1, Order2);
        (await RunAsync("report", "--json", "--db", _db)).Out.Should().Contain("\"orders\": 2,");
    }

    [Test]
    public async Task Views_of_a_store_that_cannot_be_written_are_not_brought_up_to_date()
    {
        await ImportAsync(Order1);
        await using var store = Stores.OpenReadOnly(_db);
        await using var views = ShopViews.On(store);
        var catchUp = () => views.CatchUpAsync();
        await catchUp.Should().ThrowAsync<StoreReadOnlyException>();
    }

    [Test]
    public async Task A_report_of_an_empty_store_has_no_chart()
    {
        await (await Stores.OpenAsync(_db)).DisposeAsync();
        var (code, output, _) = await RunAsync("report", "--db", _db);
        code.Should().Be(0);
        output.Should().Contain("net value                  0").And.NotContain("by day");
    }

    [Test]
    public async Task Views_are_listed_with_state_lag_and_file()
    {
        await ImportAsync(Order1, Order2);
        (await ViewsAsync()).Select(v => (v[0], v[1], v[2], v[3], v[7])).Should().Equal(
            ("order-list", "1", "async", "not built", ""), ("customer-history", "1", "async", "not built", ""), ("sales", "2", "async", "not built", ""), ("order-summary", "1", "inline", "not built", ""));
        await RunAsync("report", "--db", _db);
        foreach (var view in await ViewsAsync())
        {
            (view[3], view[4], view[5]).Should().Be(("up to date", "4", "0 events"));
            File.Exists(view[7]).Should().BeTrue();
        }

        await ImportAsync(Order1, Order2, "3,A,first,1,2010-12-01 08:02:00,1.50,,Spain");
        (await ViewsAsync()).Select(v => (v[3], v[5])).Should().AllBeEquivalentTo(("behind", "1 events"));
        File.Delete((await ViewsAsync())[2][7]);
        (await ViewsAsync())[2][3].Should().StartWith("missing");

        async Task<List<string[]>> ViewsAsync() => [.. (await RunAsync("views", "--db", _db)).Out.TrimEnd('\n', '\r').Split('\n').Skip(1).Select(line => line.TrimEnd('\r').Split('\t'))];
    }

    [Test]
    public async Task A_rebuild_makes_new_files_and_the_same_report()
    {
        await ImportAsync(Order1, Order2);
        var before = await RunAsync("report", "--db", _db);
        var (code, output, _) = await RunAsync("rebuild", "--db", _db);
        (code, output).Should().Match<(int Code, string Out)>(r => r.Code == 0 && r.Out.Contains("100% 4 of 4 events, ") && r.Out.Contains("order-list.v1 is rebuilt in ") && r.Out.Contains("sales.v2 is rebuilt in "));
        (await RunAsync("report", "--db", _db)).Should().Be(before);
    }

    [TestCase("sales")]
    [TestCase("stock")]
    public async Task One_view_is_rebuilt_by_the_name_of_its_set_or_its_own(string view)
    {
        await ImportAsync(Order1);
        (await RunAsync("rebuild", view, "--db", _db)).Out.Should().Contain("sales.v2 is rebuilt").And.NotContain("order-list");
    }

    [Test]
    public async Task Views_that_equal_a_replay_are_verified_with_0()
    {
        await ImportAsync(Order1, Order2);
        await RunAsync("report", "--db", _db);
        var (code, output, _) = await RunAsync("verify", "--db", _db);
        code.Should().Be(0);
        output.Should().Contain("is intact: 4 events").And.Contain("order-list.v1 equals a replay: 2 documents through position 4").And.Contain("sales.v2 equals a replay").And.Contain("order-summary.v1 equals a replay: 2 documents through position 4");
    }

    [Test]
    public async Task A_view_that_differs_is_verified_with_1_and_the_first_difference()
    {
        await ImportAsync(Order1, Order2);
        await RunAsync("report", "--db", _db);
        // The store has no way to change a document past its handlers: another program does.
        await SqlAsync("UPDATE es_rows_0 SET json = replace(json, '\"total\":3.00', '\"total\":4.00')", Directory.GetFiles($"{_db}.views", "order-list.*.db").Single());
        var (code, output, _) = await RunAsync("verify", "--db", _db);
        code.Should().Be(1);
        output.Should().Contain("order-list.v1 differs from a replay: order-list 'order-1'").And.Contain("\"total\":4.00").And.Contain("\"total\":3.00").And.NotContain("sales.v2");
    }

    [Test]
    public async Task An_inline_view_that_differs_is_found_in_the_file_and_in_its_backup()
    {
        await ImportAsync(Order1, Order2);
        await RunAsync("show", "1", "--db", _db);
        await SqlAsync("UPDATE \"es_inline.order-summary.v1.b1.0\" SET json = replace(json, '\"total\":3.00', '\"total\":4.00')");
        await RunAsync("backup", "--db", _db, "--to", _folder.File("copy.db"));
        foreach (var file in new[] { _db, _folder.File("copy.db") })
        {
            var (code, output, _) = await RunAsync("verify", "--db", file);
            code.Should().Be(1);
            output.Should().Contain("order-summary.v1 differs from a replay: order-summary 'order-1'");
        }
    }

    [Test]
    public async Task Verifying_a_file_without_views_leaves_it_as_it_is()
    {
        await ImportAsync(Order1, Order2);
        await RunAsync("backup", "--db", _db, "--to", _folder.File("copy.db"));
        var before = await File.ReadAllBytesAsync(_folder.File("copy.db"));
        var (code, output, _) = await RunAsync("verify", "--db", _folder.File("copy.db"));
        (code, output.TrimEnd().Split('\n').Length).Should().Be((0, 1));
        (await File.ReadAllBytesAsync(_folder.File("copy.db"))).Should().Equal(before);
    }

    [Test]
    public async Task An_order_is_shown()
    {
        await ImportAsync(Order1);
        (await RunAsync("show", "1", "--db", _db)).Out.Should().Contain("order-1, version 1 of 1").And.Contain("3.00");
    }

    [Test]
    public async Task An_order_is_shown_with_its_summary_which_has_the_write_before()
    {
        await ImportAsync(Order1);
        (await RunAsync("show", "1", "--db", _db)).Out.Should().Contain("  summary   created, 1 line of 3.00, 0 paid, 0 returned; changed 2010-12-01 08:00:00Z");
        await using (var store = await Stores.OpenAsync(_db))
        {
            await using var views = ShopViews.SummariesOn(store);
            await views.StartAsync();
            await store.ExecuteAsync<Order>("order-1", order => order.Pay(3m));
            // No wait: the append has written it.
            (await views.View<SummaryRow>().FindAsync("order-1"))!.Paid.Should().Be(3m);
        }

        (await RunAsync("show", "1", "--db", _db)).Out.Should().Contain("  summary   paid, 1 line of 3.00, 3 paid, 0 returned");
        await using (var store = await Stores.OpenAsync(_db)) await store.ExecuteAsync<Order>("order-1", order => order.Ship("T-1"));
        (await RunAsync("show", "1", "--db", _db)).Out.Should().Contain("  summary   shipped, ", "what a process without the view has appended is handled before");
        (await RunAsync("show", "1", "--db", _db, "--version", "1")).Out.Should().NotContain("summary");
    }

    [TestCase("2010-12-01T08:00:00", "created")]
    [TestCase("2010-12-01T08:00:00Z", "created")]
    [TestCase("2010-12-01T07:59:59", "does not exist yet")]
    [TestCase("2010-12-01T08:30:00+01:00", "does not exist yet")]
    public async Task An_order_is_shown_as_of_when_things_happened(string at, string shown)
    {
        await ImportAsync(Order1);
        (await RunAsync("show", "1", "--db", _db, "--at", at)).Out.Should().Contain(shown);
    }

    [TestCase("show", "99")]
    [TestCase("show", "1", "--version", "2")]
    [TestCase("show", "1", "--version", "0")]
    [TestCase("show", "1", "--version", "1", "--at", "2010-12-01")]
    [TestCase("show", "1", "--at", "yesterday")]
    [TestCase("show", "user-1")]
    [TestCase("show")]
    [TestCase("log", "--last", "0")]
    [TestCase("log", "--last")]
    [TestCase("log", "--stream", "")]
    [TestCase("log", "--type", "\n")]
    [TestCase("log", "more")]
    [TestCase("views", "more")]
    [TestCase("rebuild", "sails")]
    [TestCase("rebuild", "sales", "stock")]
    [TestCase("report", "--xml")]
    [TestCase("report", "--json=1")]
    [TestCase("import")]
    [TestCase("fly")]
    public async Task What_cannot_be_done_exits_with_1_and_one_line(params string[] command)
    {
        await ImportAsync(Order1);
        var (code, output, error) = await RunAsync([.. command, "--db", _db]);
        (code, output, error.TrimEnd().Split('\n').Length).Should().Be((1, "", 1));
    }

    [Test]
    public async Task A_command_without_database_exits_with_1() => (await RunAsync("report")).Code.Should().Be(1);

    [Test]
    public async Task Help_exits_with_0() => (await RunAsync("--help")).Code.Should().Be(0);

    [Test]
    public async Task The_log_prints_events_in_order()
    {
        await ImportAsync(Order1, Order2);
        (await RunAsync("log", "--db", _db)).Out.TrimEnd().Split('\n').Select(l => l.Split('\t')[0]).Should().Equal("1", "2", "3", "4");
    }

    [Test]
    public async Task The_log_prints_the_last_events_in_order()
    {
        await ImportAsync(Order1, Order2);
        (await RunAsync("log", "--db", _db, "--last", "2")).Out.TrimEnd().Split('\n').Select(l => l.Split('\t')[0]).Should().Equal("3", "4");
    }

    [Test]
    public async Task The_log_prints_events_of_a_type()
    {
        await ImportAsync(Order1, Order2);
        (await RunAsync("log", "--db", _db, "--type", "user-imported")).Out.Split('\t')[1].Should().Be("user-10.0");
    }

    [Test]
    public async Task The_log_prints_events_by_a_user()
    {
        await TourAsync();
        var lines = (await RunAsync("log", "--db", _db, "--user", "u-2")).Out.TrimEnd().Split('\n');
        lines.Select(l => l.Split('\t')[3]).Should().Equal("user-registered", "order-created");
        (await RunAsync("log", "--db", _db, "--user", "u-2", "--last", "1")).Out.Should().Contain("order-created").And.NotContain("user-registered");
    }

    [Test]
    public async Task A_trace_prints_what_led_to_what()
    {
        await TourAsync();
        var lines = (await RunAsync("trace", "1001", "--db", _db)).Out.Split('\n');
        lines[0].Should().StartWith("correlation checkout-1001");
        lines.Should().Contain(l => l.StartsWith("  ") && l.Contains("order-paid") && l.Contains("because of pay-1001"));
        lines.Should().Contain(l => l.StartsWith("    ") && l.Contains("order-shipped") && l.Contains("by u-1"));
        lines.Should().Contain(l => l.Contains("creditnote-C1001@1")).And.NotContain(l => l.Contains("order-1002"));
    }

    [Test]
    public async Task A_trace_of_an_unknown_order_exits_with_1()
    {
        await ImportAsync(Order1);
        (await RunAsync("trace", "9", "--db", _db)).Code.Should().Be(1);
    }

    [Test]
    public async Task Books_that_agree_are_reconciled()
    {
        await ImportAsync(Order1, Order2);
        var (code, output, _) = await RunAsync("reconcile", _folder.Sales(Order2, Order1), "--db", _db);
        (code, output.Trim()).Should().Be((0, "2 invoices compared, 0 differ; 2 lines of 10.50 in the file, 2 lines of 10.50 in the store"));
    }

    [Test]
    public async Task Invoices_that_differ_are_named()
    {
        await ImportAsync(Order1, Order2);
        var (code, output, _) = await RunAsync("reconcile", _folder.Sales(Order1.Replace("1.50", "1.75", StringComparison.Ordinal), "3,A,first,1,2010-12-01 08:01:00,2.00,,Spain"), "--db", _db);
        code.Should().Be(2);
        output.ReplaceLineEndings("\n").Should().StartWith("""
            invoice 1: 1 lines of 3.50 in the file, 1 lines of 3.00 in the store
            invoice 2: nothing in the file, 1 lines of 7.50 in the store
            invoice 3: 1 lines of 2.00 in the file, nothing in the store
            3 invoices compared, 3 differ
            """.ReplaceLineEndings("\n"));
    }

    private async Task TourAsync()
    {
        await using var store = await Stores.OpenAsync(_db);
        await new Tour(store, TextWriter.Null, TimeProvider.System).RunAsync();
    }

    [Test]
    public async Task The_log_prints_events_of_a_stream_that_this_program_does_not_know()
    {
        await using (var store = new EventStore((await Stores.OpenAsync(_db)).Log, EventTypeMap.Create(TestJson.Default, map => map.Add<string>("poem-written"))))
            await store.AppendAsync("poem-1", ExpectedVersion.NoStream, ["roses"]);
        (await RunAsync("log", "--db", _db, "--stream", "poem-1")).Out.Should().Contain("poem-1\t1\tpoem-written\t").And.Contain("\t\"roses\"");
    }

    [Test]
    public async Task Control_characters_of_data_do_not_reach_the_screen()
    {
        await ImportAsync("1,A,\"\u001b[2J\nsteered\",1,2010-12-01 08:00:00,1.50,,France");
        (await RunAsync("show", "1", "--db", _db)).Out.Should().NotContain("\u001b").And.Contain("[2J steered");
    }

    private async Task SqlAsync(string sql, string? file = null)
    {
        await using var connection = new SqliteConnection($"Data Source={file ?? _db};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    private async Task FailsAndChangesNothingAsync(string[] command)
    {
        var before = await File.ReadAllBytesAsync(_db);
        var (code, _, error) = await RunAsync(command);
        (code, error.TrimEnd().Split('\n').Length, (await File.ReadAllBytesAsync(_db)).SequenceEqual(before)).Should().Be((1, 1, true));
    }

    private string[] On(string command) => command switch
    {
        "import" => ["import", _folder.Sales(Order1), "--db", _db],
        "show" => ["show", "1", "--db", _db],
        _ => [command, "--db", _db],
    };
}
