using EventSourcing.Testing;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Testing;

public class SpecificationTests
{
    private static readonly Specification Spec = new(Shop.Types);
    private static readonly OrderCreated Created = new("ann", 62.50m, [new("84077", 2), new("22423", 1)]);

    private static readonly Decider<decimal, Order> Payment = new(
        Order.Create, (amount, order) => order.Pay(amount), (order, e) => order.Apply(e));

    [Test]
    public void Decision_on_a_state_gives_its_events() =>
        Spec.Given(Created).When<Order>(order => order.Pay(62.50m)).Then(new OrderPaid(62.50m)).ThenState(new Order(false, 0, "")).ThenState(order => order.Due == 0);

    [Test]
    public void Decider_gives_its_events() => Spec.Given(Created).When(Payment, 20m).Then(new OrderPaid(20m)).ThenState(order => order.IsOpen);

    [Test]
    public void Aggregate_gives_what_it_raised() =>
        Spec.Given(new ItemAdded("a", 1)).When<Cart>(cart => cart.Add("b", 2)).Then(new ItemAdded("b", 2)).ThenState(cart => cart.Items == 3 && cart.Version == 2 && cart.Raised.Count == 0);

    [Test]
    public void Refusal_is_expected_by_its_type_and_returned()
    {
        Spec.Given().When<Order>(order => order.Pay(1m)).ThenThrows<OrderRefused>().Message.Should().Be("not open");
        Spec.Given().When(Payment, 1m).ThenThrows<Exception>().Should().BeOfType<OrderRefused>();
        Spec.Given(new ItemAdded("a", 10)).When<Cart>(cart => cart.Add("b", 1)).ThenThrows<OrderRefused>();
    }

    [Test]
    public void Decision_to_do_nothing_is_neither_event_nor_refusal()
    {
        Spec.Given(Created).When<Order>(order => order.Pay(0)).ThenNothing();
        Spec.Given().When<Cart>(cart => cart.Add("a", 0)).ThenNothing().ThenState(cart => cart.Version == 0);
        Failure(() => Spec.Given(Created).When<Order>(order => order.Pay(1)).ThenNothing()).What.Should().Be("The events differ: 0 events expected, 1 event found.");
        Failure(() => Spec.Given().When<Order>(order => order.Pay(0)).ThenNothing()).InnerException.Should().BeOfType<OrderRefused>();
    }

    [Test]
    public void What_is_not_stored_is_not_seen()
    {
        Spec.Given(Created with { Note = "lost" }).When<Order>(order => order.Pay(0)).ThenState(order => order.Note == "");
        Failure(() => Spec.Given().When<Order>(_ => [Created with { Note = "lost" }])).Message.Should().Contain("after the decision differs from the state that is loaded afterwards, at Note").And.Contain("found:    lost");
    }

    [Test]
    public void Event_that_differs_when_it_is_read_back_fails_the_specification()
    {
        var lossy = new Specification(EventTypeMap.Create(LossyJson.Default, map => map.Add<Lossy>("lossy")));
        foreach (var check in new Action[]
        {
            () => lossy.Given(Lossy.Of("x")).When<EventCount>(_ => []),
            () => lossy.Given().When<EventCount>(_ => [Lossy.Of("x")]),
            () => lossy.Given().When<LossyAggregate>(aggregate => aggregate.Do()),
            () => lossy.Given().When<EventCount>(_ => []).Then(Lossy.Of("x")),
        })
        {
            var failure = Failure(check);
            failure.What.Should().Contain("'lossy' differs when it is read back, at $.Text: expected \"x\", found \"\"").And.Contain("constructor or by a setter");
            (failure.Expected, failure.Found).Should().Be(("lossy {\"Text\":\"x\"}", "lossy {\"Text\":\"\"}"));
        }
    }

    [Test]
    public void Numbers_are_compared_by_value() => Spec.Given(Created).When<Order>(order => order.Pay(62.5m)).Then(new OrderPaid(62.500m));

    [Test]
    public void Failure_shows_both_sides_and_the_first_difference()
    {
        var failure = Failure(() => Spec.Given(Created).When<Order>(order => order.Pay(60m)).Then(new OrderPaid(62.50m)));
        failure.Message.Should().Be(string.Join(
            Environment.NewLine,
            "The events differ: event 1, $.amount: expected 62.50, found 60.",
            "  expected: 1. order-paid {\"amount\":62.50}",
            "  found:    1. order-paid {\"amount\":60}"));
    }

    [Test]
    public void Failure_names_the_place_of_the_first_difference()
    {
        WhenCreated(Created with { Lines = [Created.Lines![0], new("22423", 3)] }).Should().Contain("event 1, $.lines[1].quantity: expected 1, found 3");
        WhenCreated(Created with { Lines = [Created.Lines[0]] }).Should().Contain("event 1, $.lines[1]: expected {\"sku\":\"22423\",\"quantity\":1}, found nothing");
        WhenCreated(Created with { Lines = [.. Created.Lines, new("x", 1)] }).Should().Contain("event 1, $.lines[2]: expected nothing, found {\"sku\":\"x\",\"quantity\":1}");
        WhenCreated(Created with { Lines = null }).Should().Contain("event 1, $.lines: expected [").And.Contain("found null");
        WhenCreated(new OrderPaid(1)).Should().Contain("event 1, type: expected order-created, found order-paid");
        WhenCreated(Created, new OrderPaid(1), new OrderPaid(2)).Should().Contain("1 event expected, 3 events found").And.Contain("3. order-paid {\"amount\":2}");
        WhenCreated().Should().Contain("1 event expected, 0 events found").And.Contain("no event");

        static string WhenCreated(params object[] events) => Failure(() => Spec.Given().When<Order>(_ => events).Then(Created)).Message;
    }

    [Test]
    public void Given_parts_of_an_expected_event_are_compared_and_nothing_else()
    {
        var id = new Guid(1, 2, 3, new byte[8]);
        var moment = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var decided = new EventData(new OrderPaid(1)).WithId(id).At(moment).Tagged("period", "2026");
        var outcome = Spec.Given(Created).When<Order>(_ => [decided]);
        outcome.Then(new OrderPaid(1)).Then(decided).Then(new EventData(new OrderPaid(1)).At(moment.ToOffset(TimeSpan.FromHours(2))));
        Failure(() => outcome.Then(new EventData(new OrderPaid(1)).WithId(Guid.AllBitsSet))).What.Should().Contain("event 1, id");
        Failure(() => outcome.Then(new EventData(new OrderPaid(1)).At(moment.AddTicks(10)))).What.Should().Contain("event 1, time");
        Failure(() => outcome.Then(new EventData(new OrderPaid(1)).Tagged("period", "2027"))).What.Should().Contain("event 1, tags: expected period:2027, found period:2026");
        Failure(() => outcome.Then(EventData.For("elsewhere", new OrderPaid(1)))).What.Should().Contain("event 1, stream: expected elsewhere");
    }

    [Test]
    public void Unexpected_end_keeps_the_exception_of_the_decision()
    {
        var outcome = Spec.Given().When<Order>(order => order.Pay(1));
        foreach (var check in new Action[] { () => outcome.Then(new OrderPaid(1)), () => outcome.ThenThrows<FormatException>(), () => outcome.ThenState(order => order.IsOpen), () => outcome.ThenState(Order.Create()) })
        {
            var failure = Failure(check);
            failure.InnerException.Should().BeOfType<OrderRefused>();
            failure.Found.Should().Be("OrderRefused: not open");
        }
    }

    [Test]
    public void State_that_is_another_one_is_shown_beside_the_condition()
    {
        var outcome = Spec.Given(Created).When<Order>(order => order.Pay(2.50m));
        var failure = Failure(() => outcome.ThenState(order => order.Due == 0));
        failure.Expected.Should().Be("order => order.Due == 0");
        failure.Found.Should().Contain("Due = 60.00");
        Failure(() => outcome.ThenState(Order.Create())).Expected.Should().Contain("Due = 0");
        Failure(() => outcome.ThenThrows<OrderRefused>()).Found.Should().Be("1. order-paid {\"amount\":2.50}");
    }

    [Test]
    public void Event_of_another_stream_is_not_the_subjects()
    {
        Spec.Given(EventData.For("order-7", Created), Created).When<Order>(order => order.Pay(1)).ThenState(order => order.Due == 61.50m);
        FluentActions.Invoking(() => Spec.Given().When<Order>(_ => [EventData.For("order-7", Created)])).Should().Throw<ArgumentException>("a decision on one stream writes to it alone");
    }

    [Test]
    public void Event_without_an_entry_is_an_error_of_the_specification()
    {
        FluentActions.Invoking(() => Spec.Given("text").When<Order>(_ => [])).Should().Throw<UnknownEventTypeException>();
        FluentActions.Invoking(() => Spec.Given().When<Order>(_ => ["text"])).Should().Throw<UnknownEventTypeException>();
        FluentActions.Invoking(() => Spec.Given().When<Order>(_ => []).Then("text")).Should().Throw<UnknownEventTypeException>();
    }

    [Test]
    public void Scenario_may_be_used_again()
    {
        var scenario = Spec.Given(Created);
        for (var i = 0; i < 2; i++) scenario.When<Order>(order => order.Pay(62.50m)).Then(new OrderPaid(62.50m)).ThenState(order => order.Due == 0);
    }

    private static SpecificationException Failure(Action check) => FluentActions.Invoking(check).Should().Throw<SpecificationException>().Which;
}

/// <summary>Its text is written, and never read.</summary>
/// <summary>Its converter loses the text, which no check of contracts can know.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(LossyConverter))]
internal sealed record Lossy(string Text)
{
    internal static Lossy Of(string text) => new(text);
}

internal sealed class LossyConverter : System.Text.Json.Serialization.JsonConverter<Lossy>
{
    public override Lossy Read(ref System.Text.Json.Utf8JsonReader reader, Type typeToConvert, System.Text.Json.JsonSerializerOptions options)
    {
        reader.Skip();
        return new("");
    }

    public override void Write(System.Text.Json.Utf8JsonWriter writer, Lossy value, System.Text.Json.JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("Text", value.Text);
        writer.WriteEndObject();
    }
}

internal sealed class LossyAggregate : Aggregate
{
    internal void Do() => Raise(Lossy.Of("x"));

    protected override void Apply(object @event)
    {
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Lossy))]
internal sealed partial class LossyJson : System.Text.Json.Serialization.JsonSerializerContext;
