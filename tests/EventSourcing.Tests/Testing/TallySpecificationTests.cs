using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Testing;

[Parallelizable(ParallelScope.All)]
public sealed class TallySpecificationTests
{
    private static readonly Specification s_shop = new(TallyShop.Types);

    [Test]
    public void Figures_that_the_events_make_are_met() => Sold(2, 1.50m).Project(new SalesBySku())
        .ThenFigures("DE|a", ("quantity", 2), ("net", 3.0m), ("lowest", 1.5m)).ThenFigures("DE|a").ThenNone("DE|b");

    [TestCase("DE|b", "net", 3, "*no row 'DE|b'*DE|a*")]
    [TestCase("DE|a", "net", 4, "*'DE|a'*'sales-by-sku' differs: net*net 4*\"net\":3*")]
    [TestCase("DE|a", "nope", 4, "*differs: nope*")]
    [TestCase("DE|a", "country", 4, "*differs: country*")]
    [TestCase("DE|a", "lowest", null, "*differs: lowest*lowest null*")]
    public void Difference_is_named(string key, string figure, int? value, string message)
    {
        var act = () => Sold(2, 1.50m).Project(new SalesBySku()).ThenFigures(key, (figure, value));
        act.Should().Throw<SpecificationException>().WithMessage(message);
    }

    [Test]
    public void Minimum_without_a_value_is_met_by_null() =>
        s_shop.Given(new Returned("DE", "a", 1, 1m)).Project(new SalesBySku()).ThenFigures("DE|a", ("lowest", null), ("net", -1));

    [Test]
    public void Result_out_of_the_range_is_a_failure()
    {
        var outcome = s_shop.Given(new Sold("DE", [new("a", long.MaxValue, 0m)]), new Sold("DE", [new("a", 1, 0m)])).Project(new SalesBySku());
        outcome.ThenThrows<ViewException>().Key.Should().Be("DE|a");
        outcome.Invoking(o => o.ThenFigures("DE|a")).Should().Throw<SpecificationException>();
    }

    [Test]
    public void Projections_without_a_tally_or_with_several_are_refused()
    {
        var outcome = Sold(1, 1m).Project(new ViewSet("sales", 1, [new SalesByDay(), new SalesBySku()]));
        outcome.Invoking(o => o.ThenFigures("DE|a")).Should().Throw<ArgumentException>().WithMessage("More than one*");
        outcome.Of("sales-by-sku").ThenFigures("DE|a", ("net", 1));
    }

    private static Scenario Sold(long quantity, decimal price) => s_shop.Given(new Sold("DE", [new("a", quantity, price)]));
}
