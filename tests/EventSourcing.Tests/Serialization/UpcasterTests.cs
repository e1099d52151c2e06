using System.Text;
using System.Text.Json.Nodes;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

/// <summary>Chains of upcasters when the map is made, and errors of upcasters when an event is read.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class UpcasterTests
{
    private static EventTypeMap Make(Action<EventTypeBuilder<OrderOpened>> configure, Action<EventTypeMapBuilder>? more = null) => EventTypeMap.Create(EvolvedJson.Default, map =>
    {
        map.Add("order-opened", configure);
        more?.Invoke(map);
    });

    private static UpcastChainException Refused(Action<EventTypeBuilder<OrderOpened>> configure, Action<EventTypeMapBuilder>? more = null) =>
        FluentActions.Invoking(() => Make(configure, more)).Should().Throw<UpcastChainException>().Which;

    private static JsonObject Same(JsonObject json) => json;

    [TestCase(1, "1", "2")]
    [TestCase(2, "2", "3")]
    [TestCase(3, "3", "4")]
    public void Gap_names_both_ends(int missing, string from, string to)
    {
        var error = Refused(e =>
        {
            e.SchemaVersion(4);
            for (var number = 1; number < 4; number++)
                if (number != missing) e.Upcast(number, Same);
        });
        (error.Type, error.From, error.To).Should().Be(("order-opened", from, to));
        error.Message.Should().Be($"Event type 'order-opened': the upcaster from {from} to {to} cannot be used, it does not exist, and the current number is 4. Add it: e.Upcast(from: {from}, json => …); where JSON of number {from} is read as it is: e.Upcast(from: {from}, json => json).");
    }

    [Test]
    public void Number_without_upcasters_is_a_gap_for_json_only()
    {
        Refused(e => e.SchemaVersion(2)).From.Should().Be("1");
        Refused(e => e.SchemaVersion(int.MaxValue)).To.Should().Be("2");
        Make(e => e.SchemaVersion(2).Serializer(new Reversed("x/a")));
        FluentActions.Invoking(() => Make(e => e.SchemaVersion(3).Upcast<OrderOpenedV2>(2, old => new(old.OrderId, new(1, ""))).Serializer(new Reversed("x/a")))).Should().Throw<UpcastChainException>();
    }

    private sealed class Reversed(string contentType) : IEventSerializer
    {
        public string ContentType => contentType;

        public bool IsJson => false;

        public void Serialize(EventType type, object data, System.Buffers.IBufferWriter<byte> output)
        {
            var json = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(data, type.Contract!);
            Array.Reverse(json);
            System.Buffers.BuffersExtensions.Write(output, json);
        }

        public object Deserialize(EventType type, in SerializedEvent stored)
        {
            var json = stored.Data.ToArray();
            Array.Reverse(json);
            return System.Text.Json.JsonSerializer.Deserialize(json, type.Contract!)!;
        }
    }

    [Test]
    public async Task Older_types_are_read_by_the_serializer_of_their_form()
    {
        var reversed = new Reversed("x/a");
        await using var log = new InMemoryEventLog();
        var first = new EventStore(log, EventTypeMap.Create(EvolvedJson.Default, map => map.UseSerializer(reversed).Add<OrderOpenedV1>("order-opened")));
        var second = new EventStore(log, EventTypeMap.Create(EvolvedJson.Default, map => map.UseSerializer(reversed)
            .Add<OrderOpened>("order-opened", e => e.SchemaVersion(2).Upcast<OrderOpenedV1>(1, old => new(old.OrderId, new(old.Cents, "EUR"))))));
        await first.AppendAsync("a", ExpectedVersion.Any, [new OrderOpenedV1("1", 5)]);
        (await second.ReadStreamAsync("a").SingleAsync()).Data.Should().Be(new OrderOpened("1", new(5, "EUR")));
        var fromJson = new EventStore(log, EventTypeMap.Create(EvolvedJson.Default, map => map.UseSerializer(reversed).Add<OrderOpened>("order-opened", e => e.SchemaVersion(2).Upcast(1, Same))));
        (await FluentActions.Awaiting(async () => await fromJson.ReadStreamAsync("a").SingleAsync()).Should().ThrowAsync<EventSerializationException>())
            .WithMessage("*the upcaster from schema number 1 reads JSON, and the event is stored as 'x/a'*");
    }

    [Test]
    public void Duplicate_names_both_ends_of_both()
    {
        var error = Refused(e => e.SchemaVersion(3).Upcast(1, Same).Upcast<OrderOpenedV1>(1, old => new(old.OrderId, new(old.Cents, "EUR"))).Upcast(2, Same));
        error.Message.Should().Be("Event type 'order-opened': the upcaster from 1 to 2 cannot be used, because another upcaster leads from 1 to 3. Remove one of them.");
    }

    [Test]
    public void Upcaster_from_the_current_number_or_beyond_is_refused()
    {
        var error = Refused(e => e.SchemaVersion(2).Upcast(1, Same).Upcast(2, Same));
        (error.From, error.To).Should().Be(("2", "3"));
        error.Message.Should().Contain("e.SchemaVersion(3)");
        Refused(e => e.Upcast(1, Same)).From.Should().Be("1");
        FluentActions.Invoking(() => Make(e => e.Upcast(0, Same))).Should().Throw<ArgumentOutOfRangeException>().WithParameterName("from");
    }

    [Test]
    public void Cycle_between_types_names_both()
    {
        var error = Refused(e => e.UpcastTo(_ => new EurosPaid(1)), map => map
            .Add<EurosPaid>("euros-paid", e => e.UpcastTo(_ => new CentsPaid(1))).Add<CentsPaid>("cents-paid", e => e.UpcastTo(_ => new EurosPaid(1))));
        (error.From, error.To).Should().Be(("cents-paid", "euros-paid"));
        error.Message.Should().Contain("in a cycle: 'euros-paid' → 'cents-paid' → 'euros-paid'");
        Refused(e => e.UpcastTo(old => old)).Message.Should().Contain("'order-opened' → 'order-opened'");
    }

    [Test]
    public void Target_without_an_entry_is_a_gap()
    {
        var error = Refused(e => e.UpcastTo(_ => new EurosPaid(1)));
        (error.Type, error.From, error.To).Should().Be(("order-opened", "order-opened", "EurosPaid"));
        Refused(e => e.SchemaVersion(2).UpcastMany(1, _ => [], typeof(EurosPaid))).From.Should().Be("order-opened 1");
        FluentActions.Invoking(() => Make(e => e.UpcastToMany(_ => []).UpcastTo(_ => new EurosPaid(1)))).Should().Throw<InvalidOperationException>();
    }

    [Test]
    public void Older_type_without_a_contract_is_named_with_the_attribute()
    {
        FluentActions.Invoking(() => Make(e => e.SchemaVersion(2).Upcast<Noted>(1, _ => new("", new(1, ""))))).Should().Throw<ArgumentException>()
            .WithMessage("Event type 'order-opened' (Noted) has no JSON contract: EvolvedJson does not have the type. Add it there: [JsonSerializable(typeof(Noted))]");
        Make(e => e.SchemaVersion(2).Upcast(1, (Noted _) => new("", new(1, "")), SchoolJson.Default.Noted));
    }

    [Test]
    public async Task Types_are_upcast_over_several_steps()
    {
        await using var log = new InMemoryEventLog();
        await StoreAsync(log, "cents-paid", """{"cents":250}""");
        var store = new EventStore(log, EventTypeMap.Join(
            Make(e => e.SchemaVersion(2).Upcast(1, Same)),
            EventTypeMap.Create(EvolvedJson.Default, map => map.Add<CentsPaid>("cents-paid", e => e.UpcastTo(old => new EurosPaid(old.Cents / 100m)))
                .Add<EurosPaid>("euros-paid", e => e.UpcastToMany(old => [new SkuAdded($"{old.Amount}"), new BasketFilled(1)], typeof(SkuAdded), typeof(BasketFilled)))
                .Add<SkuAdded>("sku-added").Add<BasketFilled>("basket-filled"))));
        (await store.ReadAllAsync(EventQuery.Of<BasketFilled>()).Select(e => (e.Data, e.Ordinal)).SingleAsync()).Should().Be((new BasketFilled(1), 1));
        (await store.ReadAllAsync().CountAsync()).Should().Be(2);
        store.Types.Types.Select(t => (t.IsReadOnly, t.IsUpcastOnly)).Should().Equal((false, false), (true, true), (true, true), (false, false), (false, false));
    }

    private static async Task StoreAsync(InMemoryEventLog log, string type, string json, int number = 1)
    {
        var e = new LogEvent { Type = type, SchemaVersion = number, Data = Encoding.UTF8.GetBytes(json), IsJson = true };
        await log.AppendAsync(new() { Writes = new StreamWrite[] { new("a", ExpectedVersion.Any, new[] { e }) } }, default);
    }

    private static readonly (string Json, Action<EventTypeBuilder<OrderOpened>> Configure, string Message)[] s_wrong =
    [
        ("{}", e => e.Upcast(1, _ => null!), "*returned null*"),
        ("[]", e => e.Upcast(1, Same), "*is no object*"),
        ("{}", e => e.Upcast(1, _ => throw new FormatException("bad date")), "*bad date*"),
        ("""{"orderId":"1"}""", e => e.Upcast<OrderOpenedV1>(1, _ => null!), "*returned null*"),
        ("{}", e => e.UpcastMany(1, _ => null!), "*returned null*"),
        ("{}", e => e.UpcastMany(1, _ => [null!]), "*gave null*"),
        ("{}", e => e.UpcastMany(1, _ => [new Noted("a")], typeof(OrderOpened)), "*gave EventSourcing.Tests.Shared.Noted, and it was declared to give EventSourcing.Tests.Shared.OrderOpened. Name every type that it gives*"),
        ("{}", e => e.UpcastMany(1, _ => [new OrderOpened("1", new(1, ""))]), "*declared to give no event*"),
    ];

    [Test]
    public async Task Upcaster_that_fails_is_reported_with_the_place([Range(0, 7)] int row)
    {
        var (json, configure, message) = s_wrong[row];
        await using var log = new InMemoryEventLog();
        await StoreAsync(log, "order-opened", json);
        var store = new EventStore(log, Make(e => configure(e.SchemaVersion(2))));
        var error = (await FluentActions.Awaiting(async () => await store.ReadAllAsync().ToListAsync()).Should().ThrowAsync<EventSerializationException>()).WithMessage(message).Which;
        (error.Type, error.Position.ToInt64()).Should().Be(("order-opened", 1));
    }

    [Test]
    public async Task Aliases_have_the_numbers_of_the_entry_and_numbers_are_kept_exact()
    {
        await using var log = new InMemoryEventLog();
        await StoreAsync(log, "opened", """{"orderId":"1","total":{"amount":0.1000000000000000000001,"currency":"EUR"},"more":12345678901234567890}""");
        var store = new EventStore(log, Make(e => e.Alias("opened").SchemaVersion(2).Upcast(1, Same)));
        (await store.ReadAllAsync(EventQuery.Of<OrderOpened>()).SingleAsync()).Data.Should().Be(new OrderOpened("1", new(0.1000000000000000000001m, "EUR")));
    }

    [Test]
    public async Task Constraints_are_checked_before_the_append_with_all_violations()
    {
        await using var store = new EventStore(new InMemoryEventLog(), EvolvedShop.Third);
        var append = new Append().To("order-1", ExpectedVersion.Any, [new OrderOpened("", new(-1, "EURO")), new SkuAdded("a")]).To("order-2", ExpectedVersion.Any, [EventData.For("order-2", new EurosPaid(0)), new OrderOpened(null!, new(1, "EUR"))]);
        var error = (await FluentActions.Awaiting(() => store.AppendAsync(append).AsTask()).Should().ThrowAsync<InvalidEventException>()).Which;
        error.Type.Should().Be("order-opened");
        error.Violations.Should().Equal(
            "An order has an id (event 1 of the append, 'order-opened', for stream 'order-1')",
            "The total is not negative (event 1 of the append, 'order-opened', for stream 'order-1')",
            "The currency has three letters (event 1 of the append, 'order-opened', for stream 'order-1')",
            "The amount is above 0 (event 3 of the append, 'euros-paid', for stream 'order-2')",
            "An order has an id: the check failed with NullReferenceException: Object reference not set to an instance of an object. (event 4 of the append, 'order-opened', for stream 'order-2')");
        (await store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
        await FluentActions.Awaiting(() => store.ExecuteAsync<EventCount>("order-1", _ => [new EurosPaid(-1)]).AsTask()).Should().ThrowAsync<InvalidEventException>();
        await store.AppendAsync("order-1", ExpectedVersion.Any, [new OrderOpened("1", new(0, "EUR"))]);
    }

    [Test]
    public async Task Constraints_are_not_applied_where_events_are_read()
    {
        await using var log = new InMemoryEventLog();
        await StoreAsync(log, "euros-paid", """{"amount":-5}""");
        (await new EventStore(log, EvolvedShop.Third).ReadAllAsync().SingleAsync()).Data.Should().Be(new EurosPaid(-5));
    }

    [Test]
    public void Constraint_needs_a_rule_of_its_own()
    {
        FluentActions.Invoking(() => Make(e => e.Require(" ", _ => true))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => Make(e => e.Require("a", _ => true).Require("a", _ => true))).Should().Throw<ArgumentException>().WithMessage("*has the constraint 'a' already*");
    }
}
