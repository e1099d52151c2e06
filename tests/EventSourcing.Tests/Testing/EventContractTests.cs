using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Testing;

/// <summary>Which changes of a type map the contract file refuses, and which it takes in.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EventContractTests : IDisposable
{
    private static readonly JsonSerializerOptions s_camel = Options();
    private static readonly JsonSerializerOptions s_closed = Options(o => o.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow);
    private static readonly JsonSerializerOptions s_anyCase = Options(o => o.PropertyNameCaseInsensitive = true);
    private static readonly JsonSerializerOptions s_pascal = Options(o => o.PropertyNamingPolicy = null);
    private static readonly JsonSerializerOptions s_anyCasePascal = Options(o => (o.PropertyNamingPolicy, o.PropertyNameCaseInsensitive) = (null, true));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("event-contract-");

    private string File => Path.Combine(_folder.FullName, "events.contract.json");

    public void Dispose() => _folder.Delete(recursive: true);

    private static JsonSerializerOptions Options(Action<JsonSerializerOptions>? configure = null)
    {
        var options = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, TypeInfoResolver = new DefaultJsonTypeInfoResolver(), Converters = { new JsonStringEnumConverter<Colour>(), new JsonStringEnumConverter<Fewer>() } };
        configure?.Invoke(options);
        return options;
    }

    /// <summary>A map with one entry.</summary>
    private static EventTypeMap Of<T>(Action<EventTypeBuilder<T>>? configure = null, string name = "e", JsonSerializerOptions? options = null, Action<EventTypeMapBuilder>? more = null) where T : notnull =>
        EventTypeMap.Create(null, map =>
        {
            more?.Invoke(map);
            map.Add<T>(name, e =>
            {
                e.Contract((JsonTypeInfo<T>)(options ?? s_camel).GetTypeInfo(typeof(T)));
                configure?.Invoke(e);
            });
        });

    private static JsonTypeInfo<T> Json<T>() => (JsonTypeInfo<T>)s_camel.GetTypeInfo(typeof(T));

    // The shapes. Each is compared with Base.
    private enum Colour { Red, Green }

    private enum Fewer { Red }

    private sealed record Line(string Sku, int Count);

    private sealed record Base(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record TotalIsText(string Id, string Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record TotalIsInteger(string Id, int Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record TotalIsAmount(string Id, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock, decimal Amount = 0);

    private sealed record NoteIsRequired(string Id, decimal Total, string Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record FewerColours(string Id, decimal Total, string? Note, Fewer Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record CustomerIsNew(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock, string Customer);

    private sealed record CustomerIsOptional(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock, string? Customer = null);

    private sealed record CustomerIsNumber(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock, int Customer = 0);

    private sealed record LinesAreTexts(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, string[] Lines, Dictionary<string, int> Stock);

    private sealed record TextCount(string Sku, string Count);

    private sealed record LineCountIsText(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, TextCount[] Lines, Dictionary<string, int> Stock);

    private sealed record StockIsText(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, string> Stock);

    private sealed record StockIsLine(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Line Stock);

    private sealed record IdIsGuid(Guid Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record LineIsOne(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line Lines, Dictionary<string, int> Stock);

    private sealed record NoteIsGone(string Id, decimal Total, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record IdMayBeNull(string? Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record AtIsText(string Id, decimal Total, string? Note, Colour Colour, string At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record ColourIsText(string Id, decimal Total, string? Note, string Colour, DateTimeOffset At, Line[] Lines, Dictionary<string, int> Stock);

    private sealed record OtherOrder(Dictionary<string, int> Stock, Line[] Lines, DateTimeOffset At, Colour Colour, string? Note, decimal Total, string Id);

    private sealed record LongCount(string Sku, long Count);

    private sealed record LineCountIsLong(string Id, decimal Total, string? Note, Colour Colour, DateTimeOffset At, IReadOnlyList<LongCount> Lines, Dictionary<string, decimal> Stock);

    private sealed record Tree(string Value, Tree? Left, List<Tree> More);

    private sealed record TreeOfNumbers(int Value, TreeOfNumbers? Left, List<TreeOfNumbers> More);

    [JsonDerivedType(typeof(Card), "card"), JsonDerivedType(typeof(Cash), "cash")]
    private abstract record Means;

    private sealed record Card(string Number) : Means;

    private sealed record Cash : Means;

    private sealed record Payment(Means Means);

    [JsonDerivedType(typeof(OnlyCard), "card")]
    private abstract record FewerMeans;

    private sealed record OnlyCard(string Number) : FewerMeans;

    private sealed record FewerPayment(FewerMeans Means);

    private sealed record Other(string Text);

    private static readonly (string Name, Func<EventTypeMap> Before, Func<EventTypeMap> After, string Difference)[] s_breaking =
    [
        ("a number becomes text", () => Of<Base>(), () => Of<TotalIsText>(), "'e' 1: $.total: number is stored, and string is read"),
        ("a number becomes an integer", () => Of<Base>(), () => Of<TotalIsInteger>(), "'e' 1: $.total: number is stored, and integer is read"),
        ("a property is renamed", () => Of<Base>(), () => Of<TotalIsAmount>(), "'e' 1: $: 'total' is stored and not read any more, while 'amount' is new: a property that was renamed would be lost. Where it is no renaming, remove first, run this test, then add"),
        ("null is not allowed any more", () => Of<Base>(), () => Of<NoteIsRequired>(), "'e' 1: $.note: null is stored, and not allowed any more"),
        ("a value of an enumeration is gone", () => Of<Base>(), () => Of<FewerColours>(), "'e' 1: $.colour: the value Green is stored, and not read any more"),
        ("a new property is required", () => Of<Base>(), () => Of<CustomerIsNew>(), "'e' 1: $.customer: not every stored event has it, and it is required to be read. Give it a default"),
        ("elements get another type", () => Of<Base>(), () => Of<LinesAreTexts>(), "'e' 1: $.lines[*]: object is stored, and string is read"),
        ("a property of an element gets another type", () => Of<Base>(), () => Of<LineCountIsText>(), "'e' 1: $.lines[*].count: integer is stored, and string is read"),
        ("values of a dictionary get another type", () => Of<Base>(), () => Of<StockIsText>(), "'e' 1: $.stock.*: integer is stored, and string is read"),
        ("a dictionary becomes an object", () => Of<Base>(), () => Of<StockIsLine>(), "'e' 1: $.stock: a dictionary is stored, and an object of fixed properties is read"),
        ("text gets a format", () => Of<Base>(), () => Of<IdIsGuid>(), "'e' 1: $.id: text of any form is stored, and text of the format uuid is read"),
        ("an array becomes one object", () => Of<Base>(), () => Of<LineIsOne>(), "'e' 1: $.lines: array is stored, and object is read"),
        ("a property is gone, and unknown ones are refused", () => Of<Base>(options: s_closed), () => Of<NoteIsGone>(options: s_closed), "'e' 1: $.note: it is stored, and unknown properties are not allowed"),
        ("the naming policy changes", () => Of<Other>(), () => Of<Other>(options: s_pascal), "'e' 1: $: 'text' is stored and not read any more, while 'Text' is new: a property that was renamed would be lost. Where it is no renaming, remove first, run this test, then add"),
        ("a type that refers to itself changes", () => Of<Tree>(), () => Of<TreeOfNumbers>(), "'e' 1: $.value: string is stored, and integer is read"),
        ("a derived type is gone", () => Of<Payment>(), () => Of<FewerPayment>(), "'e' 1: $.means: the kind 'cash' is stored, and not read any more"),
        ("a type is gone", () => Of<Base>(more: map => map.Add<Other>("other", e => e.Contract(Json<Other>()))), () => Of<Base>(), "'other': no entry of the type map reads it any more. Where it was renamed, add e.Alias(\"other\"); where it is not needed, read it as no event: e.UpcastToMany(_ => [])"),
        ("a name changes without an alias", () => Of<Other>(), () => Of<Other>(name: "f"), "'e': no entry of the type map reads it any more. Where it was renamed, add e.Alias(\"e\"); where it is not needed, read it as no event: e.UpcastToMany(_ => [])"),
        ("a number goes back", () => Of<Base>(e => e.SchemaVersion(2).Upcast(1, json => json)), () => Of<Base>(), "'e': the schema number went back from 2 to 1, and events of number 2 are stored"),
        ("a serializer is gone", () => Of<Other>(e => e.Serializer(new Packed())), () => Of<Other>(), "'e': events are stored as 'x/packed', which no serializer of the type map reads any more. Add one: map.AddSerializer(…)"),
        ("the older type of an upcaster changes", () => Of<Other>(e => e.SchemaVersion(2).Upcast(1, (Line old) => new(old.Sku), Json<Line>())), () => Of<Other>(e => e.SchemaVersion(2).Upcast(1, (TextCount old) => new(old.Sku), Json<TextCount>())), "'e' 1: $.count: integer is stored, and string is read"),
    ];

    private static readonly (string Name, Func<EventTypeMap> Before, Func<EventTypeMap> After)[] s_harmless =
    [
        ("an optional property is new", () => Of<Base>(), () => Of<CustomerIsOptional>()),
        ("a property is gone", () => Of<Base>(), () => Of<NoteIsGone>()),
        ("null becomes allowed", () => Of<Base>(), () => Of<IdMayBeNull>()),
        ("an integer becomes a number, in elements and dictionaries", () => Of<Base>(), () => Of<LineCountIsLong>()),
        ("a format is not required any more", () => Of<Base>(), () => Of<AtIsText>()),
        ("an enumeration becomes text", () => Of<Base>(), () => Of<ColourIsText>()),
        ("a value of an enumeration is new", () => Of<FewerColours>(), () => Of<Base>()),
        ("properties have another order", () => Of<Base>(), () => Of<OtherOrder>()),
        ("a derived type is new", () => Of<FewerPayment>(), () => Of<Payment>()),
        ("a type is new", () => Of<Base>(), () => Of<Base>(more: map => map.Add<Other>("other", e => e.Contract(Json<Other>())))),
        ("a name changes with an alias", () => Of<Other>(), () => Of<Other>(e => e.Alias("e"), "f")),
        ("the shape changes with an upcaster from JSON", () => Of<Base>(), () => Of<TotalIsText>(e => e.SchemaVersion(2).Upcast(1, json => json))),
        ("the shape changes with an upcaster from the older type", () => Of<Line>(), () => Of<Other>(e => e.SchemaVersion(2).Upcast(1, (Line old) => new(old.Sku), Json<Line>()))),
        ("events are read as several others", () => Of<Line>(), () => Of<Line>(e => e.UpcastToMany(old => [new Other(old.Sku)], typeof(Other)), more: map => map.Add<Other>("other", e => e.Contract(Json<Other>())))),
        ("a tag, a constraint and read-only are new", () => Of<Other>(), () => Of<Other>(e => e.Tag("text", "text").Require("A text is short", o => o.Text.Length < 9).ReadOnly())),
        ("names of properties change in case, where case is ignored", () => Of<Other>(options: s_anyCase), () => Of<Other>(options: s_anyCasePascal)),
        ("another serializer writes, and JSON is still read", () => Of<Other>(), () => Of<Other>(e => e.Serializer(new Packed()))),
        ("a type refers to itself", () => Of<Tree>(), () => Of<Tree>(e => e.SchemaVersion(2).Upcast(1, json => json))),
    ];

    private static IEnumerable<string> Breaking => s_breaking.Select(change => change.Name);

    private static IEnumerable<string> Harmless => s_harmless.Select(change => change.Name);

    [TestCaseSource(nameof(Breaking))]
    public void Breaking_change_is_refused(string name)
    {
        var (_, before, after, difference) = s_breaking.Single(change => change.Name == name);
        EventContract.Verify(File, before()).Should().Be(EventContractResult.Created);
        var text = System.IO.File.ReadAllText(File);
        var error = FluentActions.Invoking(() => EventContract.Verify(File, after())).Should().Throw<EventContractException>().Which;
        error.Differences.Should().Contain(difference);
        error.Message.Should().Contain(difference).And.Contain(File);
        System.IO.File.ReadAllText(File).Should().Be(text);
    }

    [TestCaseSource(nameof(Harmless))]
    public void Harmless_change_passes_and_is_written_down(string name)
    {
        var (_, before, after) = s_harmless.Single(change => change.Name == name);
        EventContract.Verify(File, before());
        EventContract.Verify(File, before()).Should().Be(EventContractResult.Unchanged);
        FluentActions.Invoking(() => EventContract.Verify(File, after(), update: false)).Should().Throw<EventContractException>().WithMessage("*is out of date*");
        EventContract.Verify(File, after()).Should().Be(EventContractResult.Updated);
        EventContract.Verify(File, after(), update: false).Should().Be(EventContractResult.Unchanged);
    }

    [Test]
    public void Removed_property_stays_known_and_cannot_come_back_as_another()
    {
        EventContract.Verify(File, Of<CustomerIsOptional>());
        EventContract.Verify(File, Of<Base>()).Should().Be(EventContractResult.Updated);
        EventContract.Verify(File, Of<Base>()).Should().Be(EventContractResult.Unchanged);
        FluentActions.Invoking(() => EventContract.Verify(File, Of<CustomerIsNumber>())).Should().Throw<EventContractException>()
            .Which.Differences.Should().Equal("'e' 1: $.customer: string is stored, and integer is read", "'e' 1: $.customer: null is stored, and not allowed any more");
        EventContract.Verify(File, Of<CustomerIsOptional>()).Should().Be(EventContractResult.Updated);
    }

    [Test]
    public void Optional_property_cannot_become_required_later()
    {
        EventContract.Verify(File, Of<Base>());
        EventContract.Verify(File, Of<CustomerIsOptional>());
        FluentActions.Invoking(() => EventContract.Verify(File, Of<CustomerIsNew>())).Should().Throw<EventContractException>();
    }

    [Test]
    public void Schemas_of_older_numbers_stay_in_the_file()
    {
        EventContract.Verify(File, Of<Line>());
        EventContract.Verify(File, Of<Other>(e => e.SchemaVersion(2).Upcast(1, json => json)));
        var versions = (JsonArray)JsonNode.Parse(System.IO.File.ReadAllText(File))!["types"]![0]!["versions"]!;
        versions.Select(v => ((int)v!["schemaVersion"]!, string.Join(',', ((JsonObject)v["schema"]!["properties"]!).Select(p => p.Key)))).Should().Equal((1, "sku,count"), (2, "text"));
    }

    [Test]
    public void Missing_file_is_an_error_where_it_must_not_be_written()
    {
        FluentActions.Invoking(() => EventContract.Verify(File, Of<Base>(), update: false)).Should().Throw<EventContractException>().WithMessage("*does not exist*");
        System.IO.File.Exists(File).Should().BeFalse();
        FluentActions.Invoking(() => EventContract.Verify("no such folder/a.json", Of<Base>())).Should().Throw<DirectoryNotFoundException>();
        foreach (var text in new[] { "", "[]", "{}", """{"format":2,"types":[]}""", "{\"format\":\"a\"}" })
        {
            System.IO.File.WriteAllText(File, text);
            FluentActions.Invoking(() => EventContract.Verify(File, Of<Base>())).Should().Throw<EventContractException>().WithMessage("*is not a contract file*");
        }
    }

    [Test]
    public void File_of_another_line_ending_is_unchanged()
    {
        EventContract.Verify(File, Of<Base>());
        System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File).ReplaceLineEndings("\r\n"));
        EventContract.Verify(File, Of<Base>()).Should().Be(EventContractResult.Unchanged);
    }

    [Test]
    public void Catalogue_has_every_type_with_names_numbers_and_schemas()
    {
        var text = EvolvedShop.Third.ExportCatalog();
        EvolvedShop.Third.ExportCatalog().Should().Be(text);
        var types = (JsonArray)JsonNode.Parse(text)!["types"]!;
        types.Select(t => (string)t!["name"]!).Should().Equal("basket-filled", "cents-paid", "euros-paid", "order-archived", "order-opened", "pinged", "sku-added");
        var order = types[4]!;
        ((JsonArray)order["versions"]!).Select(v => (string)v!["upcast"]!).Should().Equal("from JSON", "from an older type", "none");
        ((JsonArray)order["constraints"]!).Should().HaveCount(3);
        order["versions"]![2]!["schema"]!["properties"]!["total"]!["properties"]!["amount"]!["type"]!.ToString().Should().Be("number");
        ((JsonArray)types[0]!["readsAs"]!).Select(name => (string)name!).Should().Equal("basket-filled", "sku-added");
        ((JsonArray)types[5]!["readsAs"]!).Should().BeEmpty();
    }

    private sealed class Packed : IEventSerializer
    {
        public string ContentType => "x/packed";

        public bool IsJson => false;

        public void Serialize(EventType type, object data, System.Buffers.IBufferWriter<byte> output) => throw new NotSupportedException();

        public object Deserialize(EventType type, in SerializedEvent stored) => throw new NotSupportedException();
    }
}
