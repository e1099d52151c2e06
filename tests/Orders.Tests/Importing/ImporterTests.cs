using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Importing;
using Orders.Reporting;

namespace Orders.Tests.Importing;

[TestFixture]
public sealed class ImporterTests
{
    private static readonly string[] s_lines =
    [
        "1,A,first,2,2010-12-01 08:00:00,1.50,10.0,France",
        "1,a,other case,1,2010-12-01 08:00:00,2.00,10.0,France",
        "2,A,first,5,2010-12-01 08:01:00,1.50,,Spain",
        "1,B,late line,3,2010-12-01 08:02:00,0.10,10.0,France",
        "C3,A,first,-1,2010-12-01 08:03:00,1.50,11.0,Spain",
        "A4,D,Adjust bad debt,1,2010-12-01 08:04:00,-7.25,,Spain",
    ];

    private TempFolder _folder = null!;
    private EventStore _store = null!;

    [SetUp]
    public void Open() => (_folder, _store) = (new(), NewStore());

    [TearDown]
    public async Task Close()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    private static EventStore NewStore() => new(new InMemoryEventLog(), ShopEvents.Types);

    private static async Task<ImportResult> ImportAsync(EventStore store, string path, Action<int>? onProgress = null, CancellationToken cancellationToken = default)
    {
        using var file = SalesFile.Open(path);
        return await new Importer(store).RunAsync(file, SalesScan.Of(file, CancellationToken.None), onProgress, cancellationToken);
    }

    private static async Task<List<string>> ContentAsync(EventStore store)
    {
        List<string> content = [];
        await foreach (var e in store.ReadAllAsync())
            content.Add($"{e.StreamId} {e.Version} {e.Type} {e.OccurredAt:O} {System.Text.Json.JsonSerializer.Serialize(e.Data, e.Data.GetType())}");
        content.Sort(StringComparer.Ordinal);
        return content;
    }

    private async Task<List<T>> DataAsync<T>()
    {
        List<T> data = [];
        await foreach (var e in _store.ReadAllAsync(EventQuery.Of<T>())) data.Add((T)e.Data);
        return data;
    }

    [Test]
    public async Task Every_invoice_customer_and_product_becomes_a_stream()
    {
        await ImportAsync(_store, _folder.Sales(s_lines));
        List<string> streams = [];
        await foreach (var e in _store.ReadAllAsync()) streams.Add(e.StreamId.Value);
        streams.Should().BeEquivalentTo("order-1", "order-2", "creditnote-C3", "adjustment-A4", "user-10.0", "user-11.0", "product-A", "product-a", "product-B", "product-D");
    }

    [Test]
    public async Task The_lines_of_a_split_invoice_come_together_in_the_files_order()
    {
        await ImportAsync(_store, _folder.Sales(s_lines));
        (await DataAsync<OrderCreated>()).Single(o => o.OrderId == "1").Lines.Select(l => l.ProductId).Should().Equal("A", "a", "B");
    }

    [Test]
    public async Task An_invoice_happened_when_its_first_line_did()
    {
        await ImportAsync(_store, _folder.Sales(s_lines));
        await foreach (var e in _store.ReadStreamAsync("order-1")) e.OccurredAt.Should().Be(new DateTimeOffset(2010, 12, 1, 8, 0, 0, TimeSpan.Zero));
    }

    [Test]
    public async Task A_line_keeps_what_it_does_not_share_with_its_invoice()
    {
        await ImportAsync(_store, _folder.Sales("1,A,x,1,2010-12-01 08:00:00,1,10.0,France", "1,A,x,1,2010-12-01 08:05:00,1,,Spain"));
        var line = (await DataAsync<OrderCreated>()).Single().Lines[1];
        (line.CustomerId, line.Country, line.SoldAt!.Value.Minute).Should().Be(("", "Spain", 5));
    }

    [Test]
    public async Task A_second_import_appends_nothing()
    {
        var path = _folder.Sales(s_lines);
        await ImportAsync(_store, path);
        (await ImportAsync(_store, path)).Events.Should().Be(0);
    }

    [Test]
    public async Task A_second_import_counts_the_lines_that_are_stored()
    {
        var path = _folder.Sales(s_lines);
        await ImportAsync(_store, path);
        (await ImportAsync(_store, path)).Lines.Should().Be(s_lines.Length);
    }

    [Test]
    public async Task An_import_stopped_anywhere_and_run_again_stores_what_an_undisturbed_one_does([Range(1, 6)] int stopAt)
    {
        var path = _folder.Sales(s_lines);
        await using var undisturbed = NewStore();
        await ImportAsync(undisturbed, path);

        using var stop = new CancellationTokenSource();
        var interrupted = () => ImportAsync(_store, path, read => { if (read == stopAt) stop.Cancel(); }, stop.Token);
        await interrupted.Should().ThrowAsync<OperationCanceledException>();
        await ImportAsync(_store, path);

        (await ContentAsync(_store)).Should().Equal(await ContentAsync(undisturbed));
    }

    [Test]
    public async Task An_invoice_with_a_malformed_line_is_refused_whole()
    {
        await ImportAsync(_store, _folder.Sales([.. s_lines, "1,A,first,many,2010-12-01 08:00:00,1.50,10.0,France"]));
        (await DataAsync<OrderCreated>()).Select(o => o.OrderId).Should().Equal("2");
    }

    [Test]
    public void A_malformed_line_is_named_with_its_number_and_reason()
    {
        using var file = SalesFile.Open(_folder.Sales([.. s_lines, "1,A,first,many,2010-12-01 08:00:00,1.50,10.0,France"]));
        SalesScan.Of(file).Problems.Should().Equal((8, "'many' is no quantity: a whole number of at most 31 bits; invoice 1 is refused"));
    }

    [Test]
    public async Task A_line_whose_invoice_number_cannot_be_read_is_refused_alone()
    {
        var result = await ImportAsync(_store, _folder.Sales([.. s_lines, "?,A,first,1,2010-12-01 08:00:00,1.50,10.0,France"]));
        result.Lines.Should().Be(s_lines.Length);
    }

    [Test]
    public async Task An_invoice_that_was_imported_with_other_lines_is_refused()
    {
        await ImportAsync(_store, _folder.Sales(s_lines));
        var result = await ImportAsync(_store, _folder.Sales([.. s_lines, "2,A,one more,1,2010-12-01 08:01:00,1.50,,Spain"]));
        result.Refused.Should().Equal((4, "invoice 2 was imported before with other content"));
    }

    [Test]
    public async Task A_product_known_from_another_file_is_not_added_again()
    {
        await ImportAsync(_store, _folder.Sales(s_lines));
        (await ImportAsync(_store, _folder.Sales("9,A,other words,1,2011-01-01 08:00:00,9.99,,Spain"))).Events.Should().Be(1);
    }

    [Test]
    public async Task An_invoice_too_long_for_one_event_loses_no_line()
    {
        var lines = Enumerable.Range(0, 5_000).Select(i => $"1,P{i},\"{new string('\'', 200)}\",1,2010-12-01 08:00:00,0.01,,Spain").ToArray();
        await ImportAsync(_store, _folder.Sales(lines));
        (await SalesReport.OfAsync(_store)).Lines.Should().Be(5_000);
    }

    [Test]
    public async Task An_invoice_too_long_for_one_event_is_an_order_with_all_its_lines()
    {
        await ImportAsync(_store, _folder.Sales([.. Enumerable.Range(0, 2_500).Select(i => $"1,P{i},x,1,2010-12-01 08:00:00,0.01,,Spain")]));
        var order = await ExecuteExtensions.LoadAsync<Order>(_store, "order-1");
        order.State.Lines.Sum(l => l.Total).Should().Be(order.State.TotalPrice);
    }

    [Test]
    public void A_gzip_file_is_read_whatever_its_name()
    {
        var path = _folder.File("sales");
        using (var zip = new System.IO.Compression.GZipStream(File.Create(path), System.IO.Compression.CompressionLevel.Fastest))
            zip.Write(File.ReadAllBytes(_folder.Sales(s_lines)));
        using var file = SalesFile.Open(path);
        SalesScan.Of(file).Count.Should().Be(s_lines.Length);
    }

    [Test]
    public void A_gzip_file_that_is_cut_short_is_an_error()
    {
        var path = _folder.File("sales.csv.gz");
        using (var zip = new System.IO.Compression.GZipStream(File.Create(path), System.IO.Compression.CompressionLevel.Fastest))
            zip.Write(File.ReadAllBytes(_folder.Sales([.. Enumerable.Range(1, 2_000).Select(i => $"{i},A{i * 7919},x,1,2010-12-01 08:00:00,0.01,,Spain")])));
        using (var whole = File.OpenWrite(path)) whole.SetLength(whole.Length / 2);
        var open = () => SalesFile.Open(path);
        open.Should().Throw<InvalidDataException>();
    }

    [TestCase("")]
    [TestCase("InvoiceNo,StockCode")]
    [TestCase("a,b,c,d,e,f,g,h")]
    public void A_file_without_the_header_is_an_error(string header)
    {
        using var file = SalesFile.Open(_folder.Write("other.csv", header));
        var scan = () => SalesScan.Of(file);
        scan.Should().Throw<InvalidDataException>();
    }

    [Test]
    public void A_byte_order_mark_is_no_part_of_the_header()
    {
        var path = _folder.Sales(s_lines);
        File.WriteAllText(path, File.ReadAllText(path), new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        using var file = SalesFile.Open(path);
        SalesScan.Of(file).Count.Should().Be(s_lines.Length);
    }
}
