using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Values;

/// <summary>Values inside events, commands and requests keep their value in JSON.</summary>
public sealed class ValueJsonTests
{
    private static readonly Values s_values = new("order-42", GlobalPosition.FromInt64(7), new("customer", "c:7"), ExpectedVersion.Exactly(3), [ExpectedVersion.NoStream, ExpectedVersion.StreamExists, ExpectedVersion.Any]);

    [Test]
    public void Values_are_written_as_their_text_and_read_back()
    {
        var json = JsonSerializer.Serialize(s_values, ValueJson.Default.Values);
        json.Should().Be("""{"stream":"order-42","position":"7","tag":"customer:c:7","expected":"3","more":["no stream","stream exists",null]}""");
        JsonSerializer.Deserialize(json, ValueJson.Default.Values).Should().BeEquivalentTo(s_values, o => o.ComparingByValue<StreamId>().ComparingByValue<GlobalPosition>().ComparingByValue<Tag>().ComparingByValue<ExpectedVersion>());
    }

    [Test]
    public void Default_is_null_and_null_is_default()
    {
        var json = JsonSerializer.Serialize(new Values(default, default, default, default, []), ValueJson.Default.Values);
        json.Should().Be("""{"stream":null,"position":null,"tag":null,"expected":null,"more":[]}""");
        var read = JsonSerializer.Deserialize(json, ValueJson.Default.Values)!;
        (read.Stream.IsDefault, read.Position, read.Tag, read.Expected).Should().Be((true, GlobalPosition.Start, default(Tag), ExpectedVersion.Any));
    }

    [Test]
    public void Values_are_keys_of_dictionaries()
    {
        var keys = new Keys(
            new() { ["order-42"] = 1, [default] = 2 }, new() { [GlobalPosition.FromInt64(7)] = 1, [default] = 2 },
            new() { [new("a", "b")] = 1, [default] = 2 }, new() { [ExpectedVersion.NoStream] = 1, [default] = 2 });
        var json = JsonSerializer.Serialize(keys, ValueJson.Default.Keys);
        json.Should().Be("""{"streams":{"order-42":1,"":2},"positions":{"7":1,"0":2},"tags":{"a:b":1,"":2},"versions":{"no stream":1,"any":2}}""");
        var read = JsonSerializer.Deserialize(json, ValueJson.Default.Keys)!;
        read.Streams.Should().Equal(keys.Streams);
        read.Positions.Should().Equal(keys.Positions);
        read.Tags.Should().Equal(keys.Tags);
        read.Versions.Should().Equal(keys.Versions);
    }

    [Test]
    public void What_version_0_1_wrote_is_read_where_it_holds_the_value()
    {
        // As System.Text.Json wrote the public properties, in three naming policies.
        const string stored = """
            {"stream":{"Value":"order-42","IsDefault":false,"Category":"order"},"position":null,"tag":{"name":"customer","value":"c:7"},"expected":{"VERSION":3},"more":[{"version":0}]}
            """;
        var read = JsonSerializer.Deserialize(stored, ValueJson.Default.Values)!;
        (read.Stream, read.Tag, read.Expected, read.More.Single()).Should().Be((s_values.Stream, s_values.Tag, s_values.Expected, ExpectedVersion.NoStream));
    }

    [TestCase("""{"stream":""}""")]
    [TestCase("""{"stream":"a\u0000b"}""")]
    [TestCase("""{"stream":{}}""")]
    [TestCase("""{"stream":{"value":null}}""")]
    [TestCase("""{"stream":{"nested":{"value":"a"}}}""")]
    [TestCase("""{"stream":42}""")]
    [TestCase("""{"stream":["a"]}""")]
    [TestCase("""{"position":{}}""")]
    [TestCase("""{"position":"-1"}""")]
    [TestCase("""{"position":"x"}""")]
    [TestCase("""{"position":true}""")]
    [TestCase("""{"tag":"no colon"}""")]
    [TestCase("""{"tag":{"value":"x"}}""")]
    [TestCase("""{"tag":{}}""")]
    [TestCase("""{"expected":"sometimes"}""")]
    [TestCase("""{"expected":{"version":null}}""")]
    [TestCase("""{"expected":"9223372036854775807"}""")]
    public void What_holds_no_value_is_refused(string json) =>
        FluentActions.Invoking(() => JsonSerializer.Deserialize(json, ValueJson.Default.Values)).Should().Throw<JsonException>();

    [Test]
    public async Task Position_that_version_0_1_stored_is_an_error_that_names_the_event()
    {
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Create(ValueJson.Default, map => map.Add<Values>("values")));
        await store.Log.AppendAsync(new() { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = "values", IsJson = true, Data = """{"position":{}}"""u8.ToArray() } }) } }, default);
        var error = (await store.Invoking(s => s.ReadStreamAsync("s").ToListAsync().AsTask()).Should().ThrowAsync<EventSerializationException>()).Which;
        error.Message.Should().ContainAll("position 1", "0.1");
    }

    [Test]
    public void Texts_are_parsed_and_others_refused()
    {
        RoundTrip<StreamId>("order-42");
        RoundTrip(new Tag("a", "b:c"));
        RoundTrip(new Tag("a", ""));
        foreach (var version in new[] { ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.StreamExists, ExpectedVersion.Exactly(1), ExpectedVersion.Exactly(long.MaxValue - 1) }) RoundTrip(version);
        Refused<StreamId>("", "a\n", new('x', 513), "\ud800");
        Refused<Tag>("", ":", "a", ":b", "a:\n");
        Refused<ExpectedVersion>("", "Any", "-1", "9223372036854775807", " 1", "1.0");
        ExpectedVersion.Parse("0", null).Should().Be(ExpectedVersion.NoStream);

        static void RoundTrip<T>(T value) where T : struct, ISpanParsable<T>
        {
            T.Parse(value.ToString()!, null).Should().Be(value);
            T.Parse(value.ToString().AsSpan(), null).Should().Be(value);
            T.TryParse(value.ToString(), null, out var parsed).Should().BeTrue();
            parsed.Should().Be(value);
        }

        static void Refused<T>(params string[] texts) where T : struct, ISpanParsable<T>
        {
            foreach (var text in texts)
            {
                T.TryParse(text, null, out var parsed).Should().BeFalse(text);
                parsed.Should().Be(default(T));
                FluentActions.Invoking(() => T.Parse(text, null)).Should().Throw<FormatException>();
            }

            T.TryParse(null, null, out _).Should().BeFalse();
            FluentActions.Invoking(() => ParseText<T>(null!)).Should().Throw<ArgumentNullException>();
        }

        static T ParseText<T>(string text) where T : IParsable<T> => T.Parse(text, null);
    }
}

internal sealed record Values(StreamId Stream, GlobalPosition Position, Tag Tag, ExpectedVersion Expected, IReadOnlyList<ExpectedVersion> More);

internal sealed record Keys(Dictionary<StreamId, int> Streams, Dictionary<GlobalPosition, int> Positions, Dictionary<Tag, int> Tags, Dictionary<ExpectedVersion, int> Versions);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Values)), JsonSerializable(typeof(Keys))]
internal sealed partial class ValueJson : JsonSerializerContext;
