using EventSourcing.Serialization;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

public class EventTypeMapTests
{
    [Test]
    public void Entry_is_found_by_name_and_by_exact_type()
    {
        Shop.Types.TryGet("order-paid", out var byName).Should().BeTrue();
        Shop.Types.TryGet(typeof(OrderPaid), out var byType).Should().BeTrue();
        byType.Should().BeSameAs(byName);
        byType!.ClrType.Should().Be<OrderPaid>();
        byType.TagRules.Should().BeEmpty();
        Shop.Types.TryGet("Order-Paid", out _).Should().BeFalse("names are compared by ordinal");
        Shop.Types.TryGet(typeof(object), out _).Should().BeFalse();
        Shop.Types.Types.Select(t => t.Name).Should().Equal("order-created", "order-paid", "item-added");
        EventTypeMap.Empty.Types.Should().BeEmpty();
    }

    [Test]
    public void Name_or_type_added_twice_is_refused_with_both_named()
    {
        Building(map => map.Add("a", ShopJson.Default.OrderPaid).Add("a", ShopJson.Default.ItemAdded)).Should().Throw<ArgumentException>().WithMessage("*'a'*ItemAdded*OrderPaid*");
        Building(map => map.Add("a", ShopJson.Default.OrderPaid).Add("b", ShopJson.Default.OrderPaid)).Should().Throw<ArgumentException>().WithMessage("*'b'*'a'*");
    }

    [TestCase("")]
    [TestCase("a\nb")]
    [TestCase("a\0")]
    public void Name_that_is_not_valid_is_refused(string name) =>
        Building(map => map.Add(name, ShopJson.Default.OrderPaid)).Should().Throw<ArgumentException>();

    [TestCase("customer", "Customer")]
    [TestCase("customer", "note")]
    [TestCase("customer", "missing")]
    [TestCase("", "customer")]
    [TestCase("a:b", "customer")]
    public void Tag_rule_without_its_property_or_a_valid_name_is_refused(string tag, string property) =>
        Building(map => map.Add("a", ShopJson.Default.OrderCreated, tags: [(tag, property)])).Should().Throw<ArgumentException>();

    [Test]
    public void Tag_rule_names_the_properties_there_are() =>
        Building(map => map.Add("a", ShopJson.Default.OrderCreated, tags: [("x", "y")])).Should().Throw<ArgumentException>().WithMessage("*'y'*customer, total, lines.*");

    [Test]
    public void Null_is_refused()
    {
        FluentActions.Invoking(() => EventTypeMap.Create(null!)).Should().Throw<ArgumentNullException>();
        Building(map => map.Add<OrderPaid>("a", null!)).Should().Throw<ArgumentNullException>();
        Building(map => map.Add(null!, ShopJson.Default.OrderPaid)).Should().Throw<ArgumentNullException>();
    }

    [Test]
    public void Map_does_not_change_once_built()
    {
        EventTypeMapBuilder? kept = null;
        var map = EventTypeMap.Create(builder => kept = builder.Add("a", ShopJson.Default.OrderPaid));
        FluentActions.Invoking(() => kept!.Add("b", ShopJson.Default.ItemAdded)).Should().Throw<InvalidOperationException>();
        map.Types.Should().ContainSingle();
    }

    private static Action Building(Action<EventTypeMapBuilder> build) => FluentActions.Invoking(() => { _ = EventTypeMap.Create(build); });
}
