using System.Collections.ObjectModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

/// <summary>A contract that writes what it cannot read back is refused when the map is made, before anything is stored.</summary>
public sealed class ContractCheckTests
{
    [Test]
    public void Contract_that_cannot_be_read_back_is_refused_and_names_type_and_property()
    {
        Refused<RequiredButIgnored>("RequiredButIgnored.Text", "ignore condition");
        Refused<PrivateConstructor>("PrivateConstructor", "no constructor");
        Refused<OtherParameter>("OtherParameter", "'other'");
        Refused<InterfacePart>("InterfacePart.Part", "IPart", "an interface");
        Refused<InterfaceList>("an element of ContractCheckTests.InterfaceList.Parts", "IPart");
        Refused<InterfaceValues>("an element of ContractCheckTests.InterfaceValues.Parts", "IPart");
        Refused<NestedDeep>("InterfacePart.Part", "an interface");
        Refused<ObjectPart>("ObjectPart.Any", "JsonElement");
        Refused<DefaultFortyTwo>("DefaultFortyTwo.Number", "42");
        Refused<InitialSeven>("InitialSeven.Number", "7");
        Refused<PrivateSetter>("PrivateSetter.Number", "setter");
        Refused<StructPart>("Money.Amount", "[JsonConstructor]");
        Refused<ReadOnlyPart>("ReadOnlyPart.Numbers", "cannot be read back");
        Refused<FieldOnly>("FieldOnly.Number", "[JsonInclude]");
        Refused<TuplePart>("Item1", "field");
        Refused<TextNumber>("TextNumber.Number", "AllowReadingFromString");
    }

    [Test]
    public void Contract_that_reads_back_is_taken()
    {
        Taken<Computed>();
        Taken<Cycle>();
        Taken<PolymorphicPart>();
        Taken<ExtensionData>();
        Taken<PairPart>();
        Taken<EmptyEvent>();
        Taken<IncludedField>();
        Taken<OptionalInit>();
    }

    [Test]
    public void Family_under_one_entry_is_refused_with_the_entries_to_add() =>
        Making<Payment>().Should().Throw<ArgumentException>().WithMessage("*family*map.Add<*CardPaid>(\"card-paid\")*");

    [Test]
    public void Type_that_is_not_in_the_context_is_named_with_the_line_to_add() =>
        Making<OrderPaid>().Should().Throw<ArgumentException>().WithMessage("*ContractJson*JsonSerializable(typeof(OrderPaid))*");

    [Test]
    public void Tag_of_a_contract_with_a_converter_says_that_its_properties_are_not_known() =>
        FluentActions.Invoking(() => EventTypeMap.Create(ContractJson.Default, map => map.Add<Converted>("x", e => e.Tag("a", "a")))).Should().Throw<ArgumentException>().WithMessage("*ConvertedConverter*EventData*");

    [Test]
    public void Maps_of_modules_are_joined_and_collisions_named()
    {
        var (one, two) = (EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("paid")), EventTypeMap.Create(ShopJson.Default, map => map.Add<ItemAdded>("added", e => e.Alias("more"))));
        EventTypeMap.Join(one, two, one).Types.Select(t => t.Name).Should().Equal("paid", "added");
        Joining("added", null).Should().Throw<ArgumentException>().WithMessage("*'added'*ItemAdded*OrderPaid*");
        Joining("x", "more").Should().Throw<ArgumentException>().WithMessage("*'more'*");
        FluentActions.Invoking(() => EventTypeMap.Join(one, EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>("y")))).Should().Throw<ArgumentException>().WithMessage("*OrderPaid has two entries*");

        Action Joining(string name, string? alias) => () => EventTypeMap.Join(two, EventTypeMap.Create(ShopJson.Default, map => map.Add<OrderPaid>(name, e =>
        {
            if (alias is not null) e.Alias(alias);
        })));
    }

    [Test]
    public void Unregistered_type_is_named_with_the_line_to_add()
    {
        FluentActions.Invoking(() => EventQuery.Of<OrderPaid>().Resolve(EventTypeMap.Empty)).Should().Throw<UnknownEventTypeException>()
            .WithMessage("Event type '*OrderPaid' is not registered*EventTypeMap.Create(ctx, map => map.Add<OrderPaid>(\"order-paid\")).");
    }

    private static Action Making<T>() where T : notnull => () => EventTypeMap.Create(ContractJson.Default, map => map.Add<T>("x"));

    private static void Refused<T>(params string[] parts) where T : notnull =>
        Making<T>().Should().Throw<ArgumentException>(typeof(T).Name).Which.Message.Should().ContainAll(parts).And.Contain("'x'");

    private static void Taken<T>() where T : notnull => Making<T>().Should().NotThrow(typeof(T).Name);

    internal interface IPart;

    internal sealed record RequiredButIgnored([property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Other)
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public required string? Text { get; init; }
    }

    internal sealed class PrivateConstructor
    {
        private PrivateConstructor()
        {
        }

        public int Number { get; set; }

        internal static PrivateConstructor Make() => new();
    }

    internal sealed class OtherParameter(int other, int known)
    {
        public int Known { get; } = other + known;
    }

    internal sealed record InterfacePart(IPart Part);

    internal sealed record InterfaceList(IReadOnlyList<IPart> Parts);

    internal sealed record InterfaceValues(Dictionary<string, IPart?> Parts);

    internal sealed record NestedDeep(List<Dictionary<string, InterfacePart>> Deep);

    internal sealed record ObjectPart(object Any);

    internal sealed record DefaultFortyTwo([property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Number = 42);

    internal sealed class InitialSeven
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int Number { get; set; } = 7;
    }

    internal sealed class PrivateSetter
    {
        public int Number { get; private set; }

        internal void Set() => Number = 1;
    }

    internal readonly struct Money(decimal amount)
    {
        public decimal Amount { get; } = amount;
    }

    internal sealed record StructPart(Money? Price);

    internal sealed record ReadOnlyPart(ReadOnlyCollection<int> Numbers);

    internal sealed class FieldOnly
    {
        public int Number;
    }

    internal sealed record TuplePart((int, string) Pair);

    internal sealed record TextNumber([property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] int Number);

    internal sealed record Computed(decimal Net)
    {
        public decimal Gross => Net * 1.2m;
    }

    internal sealed record Cycle(int Number, Cycle? Next, IReadOnlyList<Cycle>? More);

    internal sealed record PolymorphicPart(Payment How);

    internal sealed class ExtensionData
    {
        public int Number { get; set; }

        [JsonExtensionData]
        public Dictionary<string, object>? Others { get; set; }
    }

    internal sealed record PairPart(KeyValuePair<string, int> Pair, int? Maybe, byte[] Bytes, DateTimeOffset At, StreamId Stream);

    internal sealed record EmptyEvent;

    internal sealed class IncludedField
    {
        [JsonInclude]
        public int Number;
    }

    internal sealed record OptionalInit
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Text { get; init; }
    }

    [JsonDerivedType(typeof(CardPaid), "card-paid")]
    internal abstract record Payment;

    internal sealed record CardPaid(string Card) : Payment;

    [JsonConverter(typeof(ConvertedConverter))]
    internal sealed record Converted;

    internal sealed class ConvertedConverter : JsonConverter<Converted>
    {
        public override Converted Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new();

        public override void Write(Utf8JsonWriter writer, Converted value, JsonSerializerOptions options) => writer.WriteStringValue("x");
    }
}

[JsonSerializable(typeof(ContractCheckTests.RequiredButIgnored)), JsonSerializable(typeof(ContractCheckTests.PrivateConstructor)), JsonSerializable(typeof(ContractCheckTests.OtherParameter))]
[JsonSerializable(typeof(ContractCheckTests.InterfacePart)), JsonSerializable(typeof(ContractCheckTests.InterfaceList)), JsonSerializable(typeof(ContractCheckTests.InterfaceValues))]
[JsonSerializable(typeof(ContractCheckTests.NestedDeep)), JsonSerializable(typeof(ContractCheckTests.ObjectPart)), JsonSerializable(typeof(ContractCheckTests.DefaultFortyTwo))]
[JsonSerializable(typeof(ContractCheckTests.InitialSeven)), JsonSerializable(typeof(ContractCheckTests.PrivateSetter)), JsonSerializable(typeof(ContractCheckTests.StructPart))]
[JsonSerializable(typeof(ContractCheckTests.ReadOnlyPart)), JsonSerializable(typeof(ContractCheckTests.FieldOnly)), JsonSerializable(typeof(ContractCheckTests.TuplePart)), JsonSerializable(typeof(ContractCheckTests.TextNumber))]
[JsonSerializable(typeof(ContractCheckTests.Computed)), JsonSerializable(typeof(ContractCheckTests.Cycle)), JsonSerializable(typeof(ContractCheckTests.PolymorphicPart)), JsonSerializable(typeof(ContractCheckTests.ExtensionData))]
[JsonSerializable(typeof(ContractCheckTests.PairPart)), JsonSerializable(typeof(ContractCheckTests.EmptyEvent)), JsonSerializable(typeof(ContractCheckTests.IncludedField)), JsonSerializable(typeof(ContractCheckTests.OptionalInit))]
[JsonSerializable(typeof(ContractCheckTests.Payment)), JsonSerializable(typeof(ContractCheckTests.Converted))]
internal sealed partial class ContractJson : JsonSerializerContext;
