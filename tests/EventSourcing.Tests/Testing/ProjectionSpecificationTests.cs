using System.Text.Json.Serialization;
using EventSourcing.Testing;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Testing;

public class ProjectionSpecificationTests
{
    private static readonly Specification Spec = new(Shop.Types);
    private static readonly OrderCreated Created = new("ann", 62.50m, [new("84077", 2)]);
    private static readonly EventData Order42 = EventData.For("order-42", Created);

    [Test]
    public void Projection_makes_its_documents() =>
        Spec.Given(Order42, EventData.For("order-42", new OrderPaid(20m)), EventData.For("order-43", Created with { Customer = "bob" }))
            .Project<SpecOrderList>()
            .Then("42", new SpecOrderRow("ann", 62.50m, 20m, ["84077"]))
            .Then("43", new SpecOrderRow("bob", 62.50m, 0m, ["84077"]))
            .ThenNone("44");

    [Test]
    public void Events_without_a_stream_are_of_one_subject() =>
        Spec.Given(Created, new OrderPaid(20m)).Project<SpecOrderList>().Then("subject", new SpecOrderRow("ann", 62.5m, 20.00m, ["84077"]));

    [Test]
    public void Nothing_given_makes_no_document() => Spec.Given().Project<SpecOrderList>().ThenNone("42");

    [Test]
    public void Removed_document_is_none() => Spec.Given(Order42, EventData.For("order-42", new ItemAdded("x", 0))).Project<SpecOrderList>().ThenNone("42");

    [Test]
    public void Documents_are_compared_by_their_json()
    {
        var documents = Spec.Given(Order42).Project<SpecOrderList>();
        documents.Then("42", new SpecOrderRow("ann", 62.500m, 0.0m, new List<string> { "84077" }));
        var failure = Failure(() => documents.Then("42", new SpecOrderRow("ann", 62.50m, 1m, ["84077"])));
        failure.What.Should().Be("Document '42' of projection 'order-list' differs: $.paid: expected 1, found 0.");
        failure.Expected.Should().Be("{\"customer\":\"ann\",\"total\":62.50,\"paid\":1,\"skus\":[\"84077\"]}");
        failure.Found.Should().Be("{\"customer\":\"ann\",\"total\":62.50,\"paid\":0,\"skus\":[\"84077\"]}");
        Failure(() => documents.Then("42", new SpecOrderRow("ann", 62.50m, 0m, []))).What.Should().Contain("$.skus[0]: expected nothing, found \"84077\"");
    }

    [Test]
    public void Missing_and_unexpected_documents_are_reported()
    {
        var documents = Spec.Given(Order42, EventData.For("order-41", Created)).Project<SpecOrderList>();
        var missing = Failure(() => documents.Then("1", new SpecOrderRow("ann", 1m, 0m, [])));
        (missing.What, missing.Found).Should().Be(("Projection 'order-list' has no document '1'.", "documents '41', '42'"));
        var unexpected = Failure(() => documents.ThenNone("42"));
        (unexpected.What, unexpected.Expected).Should().Be(("Projection 'order-list' has a document '42'.", "no document"));
        unexpected.Found.Should().Contain("\"customer\":\"ann\"");
        Failure(() => Spec.Given().Project<SpecOrderList>().Then("1", new SpecOrderRow("ann", 1m, 0m, []))).Found.Should().Be("no document");
    }

    [Test]
    public void Failure_of_a_handler_is_expected_by_its_type_and_returned()
    {
        var documents = Spec.Given(Order42, EventData.For("order-43", new OrderPaid(20m))).Project<SpecOrderList>();
        var failure = documents.ThenThrows<ViewException>();
        failure.Message.Should().Be("Projection 'order-list' failed at position 2 ('order-paid', stream 'order-43', key '43'): there is no document of this key, and the handler is declared by OnExisting. "
            + "Repair the projection and start the program again: with a higher version where documents that exist change too, with the same version where the repair concerns only this event.");
        (failure.Projection, failure.EventType, failure.Key, failure.Position).Should().Be(("order-list", "order-paid", "43", GlobalPosition.FromInt64(2)));
        documents.ThenThrows<EventSourcingException>().Should().BeSameAs(failure);
        foreach (var check in new Action[] { () => documents.Then("42", new SpecOrderRow("ann", 1m, 0m, [])), () => documents.ThenNone("42"), () => documents.ThenThrows<FormatException>() })
        {
            var unexpected = Failure(check);
            (unexpected.What, unexpected.InnerException).Should().Be(("The projection failed.", failure));
            unexpected.Found.Should().StartWith("ViewException: Projection 'order-list' failed at position 2");
        }

        Failure(() => Spec.Given(Order42).Project<SpecOrderList>().ThenThrows<ViewException>()).Message.Should().Contain("did not fail").And.Contain("documents '42'");
    }

    [Test]
    public void Set_has_the_documents_of_each_projection()
    {
        var set = new ViewSet("shop", 3, new SpecOrderList(), new SpecCustomers("customers"), new SpecCustomers("buyers"));
        for (var round = 1; round <= 2; round++)
        {
            var documents = Spec.Given(Order42, EventData.For("order-43", Created)).Project(set);
            documents.Then("42", new SpecOrderRow("ann", 62.50m, 0m, ["84077"]));
            documents.Of("customers").Then("ann", new SpecCustomer(2)).ThenNone("42");
            documents.Of("buyers").Then("ann", new SpecCustomer(2));
            Failure(() => documents.ThenNone("ann")).What.Should().Be("Projection 'customers' has a document 'ann'.");
            documents.Invoking(d => d.Then("ann", new SpecCustomer(2))).Should().Throw<ArgumentException>().WithMessage("Several projections have documents of *SpecCustomer: order-list, customers, buyers.*Of(\"customers\")*");
            documents.Invoking(d => d.Of("none")).Should().Throw<ArgumentException>().WithMessage("View set 'shop' has no projection 'none'. It has: order-list, customers, buyers.*");
            documents.Invoking(d => d.Then("ann", "text")).Should().Throw<ArgumentException>().WithMessage("None of these projections has documents of System.String*");
        }
    }

    [Test]
    public void Projection_of_a_constructor_with_parameters_is_given_as_an_object() =>
        Spec.Given(Order42).Project(new SpecCustomers("customers")).Then("ann", new SpecCustomer(1));

    [Test]
    public void Time_and_ids_of_the_envelopes_may_be_used()
    {
        var time = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        Spec.Given(Order42.At(time).WithId(Guid.AllBitsSet)).Project(new SpecEnvelopes()).Then("42", new SpecEnvelope(time, Guid.AllBitsSet, 1, 1));
        Spec.Given(Order42, Order42).Project(new SpecEnvelopes()).ThenNone("43");
    }

    [Test]
    public void Clock_gives_the_time_of_the_given_events()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero)) { AutoAdvanceAmount = TimeSpan.FromSeconds(1) };
        var time = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        var (first, second) = (Guid.CreateVersion7(time), Guid.CreateVersion7(time));
        new Specification(Shop.Types, clock).Given(Order42.WithId(first), EventData.For("order-43", Created).WithId(second)).Project(new SpecEnvelopes())
            .Then("42", new SpecEnvelope(time, first, 1, 1))
            .Then("43", new SpecEnvelope(time, second, 1, 2));
    }

    [Test]
    public void Handler_that_depends_on_more_than_event_and_document_fails_the_specification()
    {
        var calls = 0;
        Failure(() => Spec.Given(Order42).Project(new SpecCustom(row => row with { Text = $"{++calls}" }))).What.Should()
            .Be("Document '42' of projection 'custom' differs when the same events are handled as an inline view, with each document read back before the next event: $.text: expected \"1\", found \"2\". A handler depends on the event and on what the document stores only.");
        Failure(() => Spec.Given(Order42, Order42).Project(new SpecCustom(row => row with { NotStored = "lost", Text = row.NotStored ?? "first" }))).What.Should().Contain("$.text: expected \"lost\", found \"first\"");
        var failure = Failure(() => Spec.Given(Order42, Order42).Project(new SpecCustom(row => row.Text == "" ? row with { Text = "x", NotStored = "y" } : row with { Text = row.NotStored!.ToUpperInvariant() })));
        failure.What.Should().StartWith("The projection failed as an inline view, whose documents are read back before each event");
        failure.InnerException.Should().BeOfType<ViewException>();
    }

    [Test]
    public void Document_that_differs_when_it_is_read_back_fails_the_specification()
    {
        var documents = Spec.Given(Order42).Project(new SpecCustom(row => row with { Text = "x" }));
        documents.Then("42", new SpecDocument { Text = "x", NotStored = "ignored" });
        var lossy = Spec.Given(Order42).Project(new SpecLossy());
        var failure = Failure(() => lossy.Then("42", new SpecLossyRow("x")));
        failure.What.Should().StartWith("A document SpecLossyRow differs when it is read back, at $.computed: expected \"x\", found \"\".");
    }

    [Test]
    public void Lost_event_fails_the_specification()
    {
        var lossy = new Specification(EventTypeMap.Create(LossyJson.Default, map => map.Add<Lossy>("lossy")));
        Failure(() => lossy.Given(Lossy.Of("x")).Project(new SpecOfLossy())).What.Should().Contain("'lossy' differs when it is read back");
    }

    [Test]
    public void Event_without_an_entry_in_the_type_map_is_refused()
    {
        Spec.Invoking(s => s.Given(Order42).Project(new SpecOfLossy())).Should().Throw<UnknownEventTypeException>();
        Spec.Invoking(s => s.Given(Order42).Project((ViewSet)null!)).Should().Throw<ArgumentNullException>();
        Spec.Given(Order42).Project<SpecOrderList>().Invoking(d => d.Then<SpecOrderRow>("42", null!)).Should().Throw<ArgumentNullException>().WithMessage("*ThenNone*");
    }

    private static SpecificationException Failure(Action check) => check.Should().Throw<SpecificationException>().Which;
}

internal sealed record SpecOrderRow(string Customer, decimal Total, decimal Paid, IReadOnlyList<string> Skus);

internal sealed record SpecCustomer(int Orders);

internal sealed record SpecEnvelope(DateTimeOffset Time, Guid Id, long Version, long Position);

internal sealed record SpecDocument
{
    public string Text { get; init; } = "";

    [JsonIgnore]
    public string? NotStored { get; init; }
}

internal sealed record SpecLossyRow
{
    [JsonConstructor]
    public SpecLossyRow()
    {
    }

    internal SpecLossyRow(string value) => Computed = value;

    public string Computed { get; } = "";
}

internal sealed class SpecOrderList : Projection<SpecOrderRow>
{
    public SpecOrderList() : base("order-list", 2, SpecRowJson.Default.SpecOrderRow)
    {
        Index("customer", row => row.Customer);
        Key<OrderCreated>((_, envelope) => envelope.StreamId.Id);
        Key<OrderPaid>((_, envelope) => envelope.StreamId.Id);
        Key<ItemAdded>((_, envelope) => envelope.StreamId.Id);
        On<OrderCreated>((_, e) => new(e.Customer, e.Total, 0m, [.. e.Lines!.Select(line => line.Sku)]));
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount });
        On<ItemAdded>((_, _) => null);
    }
}

internal sealed class SpecCustomers : Projection<SpecCustomer>
{
    public SpecCustomers(string name) : base(name, 1, SpecRowJson.Default.SpecCustomer)
    {
        Key<OrderCreated>((e, _) => e.Customer);
        On<OrderCreated>((row, _) => new((row?.Orders ?? 0) + 1));
    }
}

internal sealed class SpecEnvelopes : Projection<SpecEnvelope>
{
    public SpecEnvelopes() : base("envelopes", 1, SpecRowJson.Default.SpecEnvelope)
    {
        KeyIsStream("order");
        On<OrderCreated>((_, _, envelope) => new(envelope.OccurredAt ?? envelope.Timestamp, envelope.EventId, envelope.Version, envelope.Position.ToInt64()));
    }
}

internal sealed class SpecCustom : Projection<SpecDocument>
{
    public SpecCustom(Func<SpecDocument, SpecDocument> change) : base("custom", 1, SpecRowJson.Default.SpecDocument)
    {
        KeyIsStream("order");
        On<OrderCreated>((row, _) => change(row ?? new()));
    }
}

internal sealed class SpecLossy : Projection<SpecLossyRow>
{
    public SpecLossy() : base("lossy", 1, SpecRowJson.Default.SpecLossyRow)
    {
        KeyIsStream("order");
        On<OrderCreated>((_, _) => new("x"));
    }
}

internal sealed class SpecOfLossy : Projection<SpecDocument>
{
    public SpecOfLossy() : base("of-lossy", 1, SpecRowJson.Default.SpecDocument)
    {
        KeyIsStream();
        On<Lossy>((_, _) => new());
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SpecOrderRow)), JsonSerializable(typeof(SpecCustomer)), JsonSerializable(typeof(SpecEnvelope)), JsonSerializable(typeof(SpecDocument)), JsonSerializable(typeof(SpecLossyRow))]
internal sealed partial class SpecRowJson : JsonSerializerContext;
