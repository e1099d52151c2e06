using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Tallies on any log that keeps views.</summary>
public abstract class TallyTests
{
    private readonly SalesBySku _bySku = new();
    private EventStore _store = null!;
    private EventViews _views = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void SetUp()
    {
        _store = new(OpenLog(), TallyShop.Types);
        _views = new(_store, [new SalesByDay(), _bySku]);
    }

    [TearDown]
    public async Task TearDown()
    {
        await _views.DisposeAsync();
        await _store.DisposeAsync();
    }

    private IView<TallyRow> BySku => _views.View<TallyRow>("sales-by-sku");

    [Test]
    public async Task Events_are_counted_and_summed_by_a_dimension()
    {
        var first = await SellAsync("DE", new Line("a", 2, 1.50m), new Line("b", 1, 0.25m));
        await SellAsync("FR", new Line("a", 1, 1.75m));
        await _views.CatchUpAsync();
        var day = DateOnly.FromDateTime((await ReadAsync(first)).Timestamp.UtcDateTime);
        var row = await _views.View<TallyRow>("sales-by-day").FindAsync(Tally.KeyOf(day));
        row!.ToString().Should().Be($"day {day:yyyy-MM-dd}: orders 2, net 5");
        (row.Key("day"), row.WholeNumber("orders"), row.Number("net"), row["net"]).Should().Be((day, 2, 5m, 5m));
        row.Dimensions.Should().Equal("day");
        row.Figures.Should().Equal("orders", "net");
    }

    [Test]
    public async Task Items_of_an_event_count_for_their_own_keys_and_another_event_subtracts()
    {
        await SellAsync("DE", new Line("a", 2, 1.50m), new Line("b", 1, 0.25m), new Line("a", 5, 1m));
        await _store.AppendAsync("shop-1", ExpectedVersion.Any, [new Returned("DE", "a", 1, 1.5m), new Returned("DE", "a", 0, 1m), new Returned(null, "c|\\", 1, 2m)]);
        await _views.CatchUpAsync();
        (await BySku.FindAsync("DE|a"))!.ToString().Should().Be("country DE, sku a: lines 2, quantity 6, net 6.5, lowest 1, largest 5, returns 1");
        (await BySku.FindAsync("DE|b"))!["returns"].Should().Be(0);
        var returned = await BySku.FindAsync(Tally.KeyOf(default, "c|\\"));
        returned!.ToString().Should().Be("country null, sku c|\\: lines 0, quantity -1, net -2, lowest , largest , returns 1");
        returned["lowest"].Should().BeNull();
        returned.Invoking(row => row.WholeNumber("largest")).Should().Throw<InvalidOperationException>().WithMessage("*'largest'*'sales-by-sku'*");
        returned.Invoking(row => row.WholeNumber("net")).Should().Throw<ArgumentException>().WithMessage("*'net'*decimals*");
        returned.Invoking(row => row["nope"]).Should().Throw<ArgumentException>().WithMessage("*no figure 'nope'*lines, quantity*");
        returned.Invoking(row => row.Key("nope")).Should().Throw<ArgumentException>().WithMessage("*no dimension 'nope'*country, sku*");
        (await _views.VerifyAsync("sales-by-sku")).IsEqual.Should().BeTrue();
    }

    [Test]
    public async Task Rows_are_found_and_ordered_by_dimensions_and_figures()
    {
        await SellAsync("DE", new Line("a", 2, 10m), new Line("b", 1, 7m));
        await SellAsync("FR", new Line("a", 1, 9m));
        await SellAsync(null, new Line("a", 1, 8m));
        await _views.CatchUpAsync();
        (await BySku.Where("sku", "a").OrderByDescending("net").PageAsync(10)).Rows.Select(row => row.Key("country").Text).Should().Equal("DE", "FR", null);
        (await BySku.Where("country", default).CountAsync()).Should().Be(1);
        (await BySku.All.From("quantity", 2).CountAsync()).Should().Be(1);
    }

    [Test]
    public async Task Running_tally_is_read_at_ones_own_write()
    {
        await _views.StartAsync();
        for (var i = 1; i <= 30; i++)
        {
            var position = await SellAsync("DE", new Line("a", 1, 0.1m));
            (await BySku.At(position).FindAsync("DE|a"))!.Number("net").Should().Be(i * 0.1m);
        }
    }

    [Test]
    public async Task Part_of_the_log_is_counted_without_the_view()
    {
        var first = await SellAsync("DE", new Line("a", 1, 1m));
        var second = await SellAsync("DE", new Line("a", 2, 3m), new Line("b", 2, 3m));
        await SellAsync("DE", new Line("a", 9, 9m));
        (await _views.TallyAsync("sales-by-sku", new() { AfterPosition = first, ThroughPosition = second })).Select(row => row.ToString()).Should().Equal(
            "country DE, sku a: lines 1, quantity 2, net 6, lowest 3, largest 2, returns 0",
            "country DE, sku b: lines 1, quantity 2, net 6, lowest 3, largest 2, returns 0");
        (await _views.TallyAsync("sales-by-day", new() { FromTimestamp = (await ReadAsync(second)).Timestamp })).Sum(row => row.WholeNumber("orders")).Should().BeInRange(2, 3);
        await ((Func<Task>)(() => _views.TallyAsync("nope", new()))).Should().ThrowAsync<ArgumentException>().WithMessage("*'nope'*sales-by-day, sales-by-sku*");
    }

    [Test]
    public async Task Verification_names_the_row_that_differs()
    {
        _bySku.Surcharge = 0.01m;
        await SellAsync("DE", new Line("a", 1, 1m), new Line("b", 1, 1m));
        await _views.CatchUpAsync();
        _bySku.Surcharge = 0;
        var difference = (await _views.VerifyAsync("sales-by-sku")).Difference;
        (difference!.Projection, difference.Key, difference.Found, difference.Expected).Should().Be((
            "sales-by-sku",
            "DE|a",
            """{"country":"DE","sku":"a","lines":1,"quantity":1,"net":1.01,"lowest":1,"largest":1,"returns":0}""",
            """{"country":"DE","sku":"a","lines":1,"quantity":1,"net":1,"lowest":1,"largest":1,"returns":0}"""));
    }

    [Test]
    public async Task Result_out_of_the_range_stops_the_tally_before_the_event_and_names_key_and_figure()
    {
        await _views.StartAsync();
        await _views.CatchUpAsync();
        var appended = await _store.AppendAsync("shop-1", ExpectedVersion.Any, [
            new Sold("DE", [new("a", 1, 2m), new("b", 1, 3m)]), new Sold("DE", [new("a", 1, 2m), new("new", 1, 2m), new("b", long.MaxValue, 0m)])]);
        var (first, second) = (appended.FirstPosition, appended.LastPosition);
        var act = async () => await BySku.At(second).FindAsync("DE|b");
        var error = Find<ViewException>((await act.Should().ThrowAsync<SubscriptionException>()).Which);
        (error.Projection, error.Key, error.Position).Should().Be(("sales-by-sku", "DE|b", second));
        error.Message.Should().Contain("figure 'quantity', a sum of integers, is 1").And.Contain("64 bits");
        (await BySku.At(first).FindAsync("DE|a"))!.WholeNumber("lines").Should().Be(1);
        (await BySku.At(first).FindAsync("DE|b"))!.Number("net").Should().Be(3);
        (await BySku.At(first).FindAsync("DE|new")).Should().BeNull();
    }

    [TestCase("79228162514264337593543950335", "1", "Decimal")]
    [TestCase("79228162514264337593543950335", "-0.1", "more digits")]
    public async Task Sum_that_a_decimal_does_not_keep_exactly_stops_the_tally(string before, string added, string message)
    {
        await SellAsync("DE", new Line("a", 1, Parse(before)), new Line("a", 1, Parse("-1.00")), new Line("a", 1, Parse("1.00")));
        var last = await SellAsync("DE", new Line("a", 1, Parse(added)));
        var act = () => _views.CatchUpAsync();
        var error = Find<ViewException>((await act.Should().ThrowAsync<SubscriptionException>()).Which);
        error.Position.Should().Be(last);
        error.Message.Should().Contain("figure 'net'").And.Contain(message);
    }

    [TestCase("a\u0001", "control characters")]
    [TestCase(null, "512 bytes")]
    public async Task Key_that_no_store_keeps_stops_the_tally(string? sku, string message)
    {
        await SellAsync("DE", new Line(sku ?? new string('x', 513), 1, 1m));
        var act = () => _views.CatchUpAsync();
        Find<ViewException>((await act.Should().ThrowAsync<SubscriptionException>()).Which).Message.Should().Contain(message);
    }

    [Test]
    public async Task Tally_is_in_a_set_with_a_projection_and_is_not_rebuilt_by_key()
    {
        await using var views = new EventViews(_store, [new ViewSet("sales", 1, [new SalesByDay(), new SalesBySku()])]);
        var position = await SellAsync("DE", new Line("a", 1, 1m));
        await views.CatchUpAsync();
        using (var snapshot = await views.OpenSnapshotAsync("sales", position))
            (await snapshot.View<TallyRow>("sales-by-sku").All.CountAsync()).Should().Be(await snapshot.View<TallyRow>("sales-by-day").All.CountAsync());
        await views.RebuildAsync("sales");
        (await views.VerifyAsync("sales")).IsEqual.Should().BeTrue();
        var act = () => views.RebuildKeyAsync("sales-by-sku", "DE|a");
        await act.Should().ThrowAsync<NotSupportedException>().WithMessage("*'sales-by-sku'*tally*");
    }

    private static decimal Parse(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static T Find<T>(Exception? error) where T : Exception
    {
        while (error is not T) error = error!.InnerException;
        return (T)error;
    }

    private async Task<GlobalPosition> SellAsync(string? country, params Line[] lines) => (await _store.AppendAsync("shop-1", ExpectedVersion.Any, [new Sold(country, lines)])).LastPosition;

    private async Task<EventEnvelope> ReadAsync(GlobalPosition position)
    {
        await foreach (var e in _store.ReadAllAsync())
            if (e.Position == position) return e;
        throw new InvalidOperationException("There is no such event.");
    }
}
