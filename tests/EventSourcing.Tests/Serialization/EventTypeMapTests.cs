using EventSourcing.Tests.Shared;
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
        Building(map => map.Add<OrderPaid>("a").Add<ItemAdded>("a")).Should().Throw<ArgumentException>().WithMessage("*'a'*OrderPaid*ItemAdded*");
        Building(map => map.Add<OrderPaid>("a").Add<OrderPaid>("b")).Should().Throw<ArgumentException>().WithMessage("*'a'*'b'*");
    }

    [TestCase("")]
    [TestCase("a\nb")]
    [TestCase("a\0")]
    public void Name_that_is_not_valid_is_refused(string name) =>
        Building(map => map.Add<OrderPaid>(name)).Should().Throw<ArgumentException>();

    [TestCase("customer", "Customer")]
    [TestCase("customer", "note")]
    [TestCase("customer", "missing")]
    [TestCase("", "customer")]
    [TestCase("a:b", "customer")]
    public void Tag_rule_without_its_property_or_a_valid_name_is_refused(string tag, string property) =>
        Building(map => map.Add<OrderCreated>("a", e => e.Tag(tag, property))).Should().Throw<ArgumentException>();

    [Test]
    public void Tag_rule_names_the_properties_there_are() =>
        Building(map => map.Add<OrderCreated>("a", e => e.Tag("x", "y"))).Should().Throw<ArgumentException>().WithMessage("*'y'*customer, total, lines.*");

    [Test]
    public void Alias_is_read_as_the_type_and_never_written()
    {
        var map = EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("order-paid", e => e.Alias("payOrder").Alias("paid")));
        map.TryGet("payOrder", out var byAlias).Should().BeTrue();
        map.TryGet(typeof(OrderPaid), out var byType).Should().BeTrue();
        byAlias.Should().BeSameAs(byType);
        byType!.Name.Should().Be("order-paid");
        byType.Aliases.Should().Equal("payOrder", "paid");
        map.Types.Should().ContainSingle();
    }

    [Test]
    public async Task Queries_and_decisions_by_the_type_hold_for_all_of_its_names()
    {
        await using var log = new InMemoryEventLog();
        var others = new EventStore(log, EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("payOrder")));
        await others.AppendAsync("order-1", ExpectedVersion.Any, [new EventData(new OrderPaid(1m)).Tagged("order", "1")]);
        var store = new EventStore(log, EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("order-paid", e => e.Alias("payOrder"))));
        await store.AppendAsync("order-1", ExpectedVersion.Any, [new OrderPaid(2m)]);

        var read = await store.ReadAllAsync(EventQuery.Of<OrderPaid>()).ToListAsync();
        read.Select(e => (e.Type, e.Data)).Should().Equal(("payOrder", new OrderPaid(1m)), ("order-paid", new OrderPaid(2m)));
        var late = () => store.AppendAsync(new Append().To("order-2", ExpectedVersion.Any, [new OrderPaid(3m)]).FailIf(EventQuery.Of<OrderPaid>().Tagged("order", "1"))).AsTask();
        await late.Should().ThrowAsync<AppendConditionFailedException>();
    }

    [Test]
    public void Alias_that_is_taken_twice_or_not_valid_is_refused()
    {
        Building(map => map.Add<OrderPaid>("a", e => e.Alias("a"))).Should().Throw<ArgumentException>();
        Building(map => map.Add<OrderPaid>("a", e => e.Alias("b").Alias("b"))).Should().Throw<ArgumentException>();
        Building(map => map.Add<OrderPaid>("a", e => e.Alias("b")).Add<ItemAdded>("b")).Should().Throw<ArgumentException>();
        Building(map => map.Add<OrderPaid>("a").Add<ItemAdded>("b", e => e.Alias("a"))).Should().Throw<ArgumentException>();
        Building(map => map.Add<OrderPaid>("a", e => e.Alias("b\n"))).Should().Throw<ArgumentException>();
        Building(map => map.Add<OrderPaid>("a", e => e.Alias(null!))).Should().Throw<ArgumentException>();
    }

    [Test]
    public void Null_is_refused()
    {
        FluentActions.Invoking(() => EventTypeMap.Create(ShopJson.Default, null!)).Should().Throw<ArgumentNullException>();
        Building(map => map.Add<OrderPaid>(null!)).Should().Throw<ArgumentNullException>();
    }

    [TestCase("renamed", "label")]
    [TestCase("grown", "count")]
    public async Task Stored_event_without_a_property_is_an_error_where_the_context_respects_what_is_required(string change, string property)
    {
        await using var log = new InMemoryEventLog();
        await new EventStore(log, School.Types).AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x")]);
        var strict = new EventStore(log, EventTypeMap.Create(StrictJson.Default, map => _ = change == "renamed" ? map.Add<NotedRenamed>("noted") : map.Add<NotedGrown>("noted")));
        var error = (await strict.Awaiting(s => s.ReadStreamAsync("a-1").ToListAsync().AsTask()).Should().ThrowAsync<EventSerializationException>()).Which;
        (error.StreamId, error.Position).Should().Be((new StreamId("a-1"), GlobalPosition.FromInt64(1)));
        error.Message.Should().Contain(property);
    }

    [Test]
    public void Map_does_not_change_once_built()
    {
        EventTypeMapBuilder? kept = null;
        var map = EventTypeMap.Create(ShopJson.Default, builder => kept = builder.Add<OrderPaid>("a"));
        FluentActions.Invoking(() => kept!.Add<ItemAdded>("b")).Should().Throw<InvalidOperationException>();
        map.Types.Should().ContainSingle();
    }

    private static Action Building(Action<EventTypeMapBuilder> build) => FluentActions.Invoking(() => { _ = EventTypeMap.Create(ShopJson.Default, build); });
}

internal sealed record NotedRenamed(string Label);

internal sealed record NotedGrown(string Text, int Count);

[System.Text.Json.Serialization.JsonSourceGenerationOptions(PropertyNamingPolicy = System.Text.Json.Serialization.JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[System.Text.Json.Serialization.JsonSerializable(typeof(NotedRenamed)), System.Text.Json.Serialization.JsonSerializable(typeof(NotedGrown))]
internal sealed partial class StrictJson : System.Text.Json.Serialization.JsonSerializerContext;
