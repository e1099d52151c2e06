using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Views;

[Parallelizable(ParallelScope.All)]
public sealed class TallyDeclarationTests
{
    [Test]
    public void Tally_without_a_name_or_a_version_is_refused()
    {
        Refuses<ArgumentException>(() => new Built(_ => { }, "Sales"), "*lower-case ASCII letters*");
        Refuses<ArgumentOutOfRangeException>(() => new SalesByDay(0), "*'sales-by-day'*version*");
    }

    [Test]
    public void Tally_without_a_rule_is_refused() => RefusesSet(_ => { }, "*'built' counts nothing*");

    [Test]
    public void Rule_without_a_dimension_is_refused() => RefusesSet(tally => tally.Rule<Sold>().Count("orders"), "*'built'*by what*Sold*By(*");

    [Test]
    public void Rule_without_a_figure_is_refused() => RefusesSet(tally => tally.Rule<Sold>().By("country", e => e.Country), "*'built'*for what*Sold*Count(*");

    [Test]
    public void Rules_with_different_dimensions_are_refused() => RefusesSet(tally =>
    {
        tally.Rule<Sold>().By("country", e => e.Country).Count("orders");
        tally.Rule<Returned>().By("country", e => e.Country).By("sku", e => e.Sku).Count("returns");
    }, "*'built'*Sold by country and *Returned by country, sku*same dimensions*");

    [Test]
    public void Figure_of_two_kinds_is_refused()
    {
        RefusesSet(tally =>
        {
            tally.Rule<Sold>().By("country", e => e.Country).Count("figure");
            tally.Rule<Returned>().By("country", e => e.Country).Subtract("figure", e => e.Price);
        }, "*'figure' of tally 'built' is a sum of integers and a sum of decimals*");
        RefusesSet(tally => tally.Rule<Returned>().By("country", e => e.Country).Add("figure", e => e.Price).Max("figure", e => e.Price), "*'figure'*sum of decimals and a maximum of decimals*");
    }

    [Test]
    public void Two_dimensions_or_figures_of_one_name_are_refused()
    {
        Refuses<ArgumentException>(() => new Built(tally => tally.Rule<Sold>().By("country", e => e.Country).By("country", e => e.Country)), "*dimension 'country'*already*");
        RefusesSet(tally => tally.Rule<Sold>().By("country", e => e.Country).Count("Country"), "*'Country' twice*");
        RefusesSet(tally => tally.Rule<Sold>().By("country", e => e.Country).Count("orders").Count("Orders"), "*'Orders' twice*");
    }

    [TestCase("key")]
    [TestCase("json")]
    [TestCase("a-b")]
    [TestCase("")]
    public void Name_that_no_column_may_have_is_refused(string name)
    {
        Refuses<ArgumentException>(() => new Built(tally => tally.Rule<Sold>().By(name, e => e.Country)), "*index*");
        Refuses<ArgumentException>(() => new Built(tally => tally.Rule<Sold>().Count(name)), "*index*");
    }

    [Test]
    public void Declaration_after_the_constructor_is_refused()
    {
        TallyRule<Sold>? rule = null;
        var tally = new Built(tally => rule = tally.Rule<Sold>().By("country", e => e.Country).Count("orders"));
        _ = new ViewSet(tally);
        Refuses<InvalidOperationException>(() => rule!.Count("more"), "*'built' is in use*");
        Refuses<InvalidOperationException>(() => rule!.Where(_ => true), "*'built' is in use*");
        Refuses<InvalidOperationException>(() => tally.Rule<Returned>(), "*'built' is in use*");
    }

    [Test]
    public void Declaration_names_dimensions_figures_and_rules()
    {
        new ViewSet(new SalesBySku()).Describe(TallyShop.Types).Should().Be("""
            tally sales-by-sku
              dimension country
              dimension sku
              figure lines, sum of integers
              figure quantity, sum of integers
              figure net, sum of decimals
              figure lowest, minimum of decimals
              figure largest, maximum of integers
              figure returns, sum of integers
              event returned, by condition: subtract quantity, subtract net, add returns
              event sold, each item: add lines, add quantity, add net, lowest lowest, highest largest
            """);
    }

    [Test]
    public void Keys_of_different_values_differ()
    {
        ViewValue[][] values = [["a|b"], ["a", "b"], ["a\\", "b"], ["a\\|b"], [""], [default], ["\\N"], ["\\E"], ["N"], ["", ""], [default, default], [12, -3], [DateOnly.MinValue]];
        values.Select(dimensions => Tally.KeyOf(dimensions)).Should().OnlyHaveUniqueItems().And.Contain(["a|b", @"a\|b", @"\E", @"\N", "12|-3", "0001-01-01"]);
        Refuses<ArgumentException>(() => Tally.KeyOf(1.5m), "*fraction*");
        Refuses<ArgumentException>(() => Tally.KeyOf(), "*at least one*");
        Tally.KeyOf(new string('|', 1000)).Should().HaveLength(2000);
    }

    [Test]
    public async Task Dimension_of_two_forms_stops_the_tally()
    {
        await using var store = new EventStore(new InMemoryEventLog(), TallyShop.Types);
        await using var views = new EventViews(store, [new Built(tally =>
        {
            tally.Rule<Returned>().By("x", e => e.Sku).Count("n");
            tally.Rule<Sold>().By("x", e => e.Lines.Length).Count("n");
        })]);
        await store.AppendAsync("shop-1", ExpectedVersion.Any, [new Returned(null, "0", 1, 1), new Sold(null, [])]);
        Exception? error = (await ((Func<Task>)(() => views.CatchUpAsync())).Should().ThrowAsync<SubscriptionException>()).Which;
        while (error is not (null or ViewException)) error = error.InnerException;
        error!.Message.Should().Contain("dimension 'x' is a text for some events and an integer for others").And.Contain("key '0'");
    }

    [Test]
    public void View_of_a_tally_is_read_as_rows()
    {
        using var store = new EventStore(new InMemoryEventLog(), TallyShop.Types);
        using var views = new EventViews(store, [new SalesByDay(), new SalesBySku()]);
        Refuses<ArgumentException>(() => views.View<TallyRow>(), "*Several projections*sales-by-day, sales-by-sku*");
        Refuses<ArgumentException>(() => views.View<Counted>("sales-by-day"), "*'sales-by-day' are*TallyRow*");
        Refuses<ArgumentException>(() => views.View<TallyRow>("sales-by-day").Where("nope", 1), "*'sales-by-day' has no index 'nope'*day, orders, net*");
    }

    private static void RefusesSet(Action<Built> build, string message) => Refuses<InvalidOperationException>(() => new ViewSet(new Built(build)), message);

    private static void Refuses<T>(Func<object?> act, string message) where T : Exception => act.Should().Throw<T>().WithMessage(message);

    private sealed class Built : Tally
    {
        internal Built(Action<Built> build, string name = "built") : base(name, 1) => build(this);

        internal TallyRule<T> Rule<T>() where T : notnull => For<T>();
    }
}
