using System.ComponentModel;
using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using NUnit.Framework;

namespace EventSourcing.Tests.Values;

public sealed class ValueInputTests
{
    [TestCase("order-42", "order", "42")]
    [TestCase("order-42-b", "order", "42-b")]
    [TestCase("order", "order", "order")]
    [TestCase("-x", "-x", "-x")]
    [TestCase("order-", "order", "")]
    public void Stream_name_is_category_and_id(string name, string category, string id) =>
        (new StreamId(name).Category, new StreamId(name).Id).Should().Be((category, id));

    [Test]
    public void Users_input_is_taken_or_refused_with_the_reason()
    {
        StreamId.TryCreate("order-42", out var stream, out var reason).Should().BeTrue();
        (stream.Value, reason).Should().Be(("order-42", null));
        StreamId.TryCreate(new('x', 600), out stream, out reason).Should().BeFalse();
        (stream.IsDefault, reason).Should().Be((true, "A stream name takes at most 512 bytes of UTF-8: '" + new string('x', 80) + "…' takes 600."));
        StreamId.TryCreate(null, out _, out reason).Should().BeFalse();
        Tag.TryCreate("email", "a@b", out var tag, out reason).Should().BeTrue();
        (tag, reason).Should().Be((new Tag("email", "a@b"), null));
        foreach (var (name, value) in new (string?, string?)[] { (null, "x"), ("", "x"), ("a:b", "x"), ("a", null), ("a", "\n"), ("a", new('x', 600)) })
        {
            Tag.TryCreate(name, value, out tag, out reason).Should().BeFalse();
            (tag, string.IsNullOrEmpty(reason)).Should().Be((default(Tag), false));
        }
    }

    [Test]
    public void Values_convert_from_and_to_text_as_configuration_does()
    {
        Converts<StreamId>("order-42");
        Converts(new Tag("a", "b"));
        Converts(GlobalPosition.FromInt64(7));
        Converts(ExpectedVersion.NoStream);
        Converts(ResumeToken.Of(GlobalPosition.FromInt64(7), Guid.NewGuid(), 5));
        FluentActions.Invoking(() => TypeDescriptor.GetConverter(typeof(GlobalPosition)).ConvertFromInvariantString("x")).Should().Throw<FormatException>();

        static void Converts<T>(T value) where T : struct, ISpanFormattable
        {
            var converter = TypeDescriptor.GetConverter(typeof(T));
            converter.ConvertFromInvariantString(value.ToString()!).Should().Be(value);
            converter.ConvertToInvariantString(value).Should().Be(value.ToString());
            converter.ConvertFromInvariantString("").Should().Be(default(T));
            $"{value}".Should().Be(value.ToString());
            var characters = new char[600];
            value.TryFormat(characters, out var written, default, null).Should().BeTrue();
            new string(characters, 0, written).Should().Be(value.ToString());
            value.TryFormat(default, out written, default, null).Should().BeFalse();
            written.Should().Be(0);
        }
    }

    [Test]
    public void Values_are_bound_from_configuration()
    {
        var token = ResumeToken.Of(GlobalPosition.FromInt64(7), Guid.NewGuid(), 5);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Stream"] = "order-42",
            ["Tag"] = "customer:7",
            ["Position"] = "7",
            ["Expected"] = "no stream",
            ["Token"] = token.ToString(),
            ["Streams:0"] = "a-1",
            ["Streams:1"] = "b-2",
        }).Build();
        var bound = configuration.Get<Bound>()!;
        (bound.Stream, bound.Tag, bound.Position, bound.Expected, bound.Token).Should().Be((new StreamId("order-42"), new Tag("customer", "7"), GlobalPosition.FromInt64(7), ExpectedVersion.NoStream, token));
        bound.Streams.Should().Equal("a-1", "b-2");
        var wrong = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["Position"] = "x" }).Build();
        FluentActions.Invoking(() => wrong.Get<Bound>()).Should().Throw<InvalidOperationException>().WithMessage("*Position*");
    }

    private sealed class Bound
    {
        public StreamId Stream { get; set; }
        public Tag Tag { get; set; }
        public GlobalPosition Position { get; set; }
        public ExpectedVersion Expected { get; set; }
        public ResumeToken Token { get; set; }
        public List<StreamId> Streams { get; set; } = [];
    }

    [Test]
    public void Query_that_nothing_can_match_is_refused()
    {
        Refused(() => EventQuery.All.InCategory("user-profile")).WithMessage("*'user-profile' is no category*'user'*");
        Refused(() => EventQuery.All.InCategory("a\n"));
        Refused(() => EventQuery.All.InCategory("order").InStream("user-1"));
        Refused(() => EventQuery.All.InStream("user-1").InCategory("order"));
        Refused(() => EventQuery.Of(new EventQueryItem(category: "order", stream: "user-1")));
        EventQuery.All.InCategory("-x").InStream("-x").Items.Should().ContainSingle();

        static FluentAssertions.Specialized.ExceptionAssertions<ArgumentException> Refused(Func<EventQuery> query) => query.Should().Throw<ArgumentException>();
    }

    [Test]
    public void Collections_that_are_handed_out_cannot_be_changed()
    {
        StreamRange[] ranges = [new("a", 1, 1, 1), new("b", 1, 1, 1)];
        var result = new AppendResult([.. ranges], GlobalPosition.FromInt64(1), ResumeToken.Of(GlobalPosition.FromInt64(2), Guid.NewGuid(), 0), false);
        var query = EventQuery.OfTypes("t").Tagged("a", "b");
        foreach (var handedOut in new object[] { result.Streams, result.Positions, Shop.Types.Types, query.Items, query.Items[0].Types, query.Items[0].Tags, EventEnvelope.Create(new ItemAdded("x", 1), tags: [new("a", "b")]).Tags })
            (handedOut is Array or System.Collections.IList { IsReadOnly: false }).Should().BeFalse(handedOut.GetType().ToString());
    }

    [Test]
    public void Envelope_is_made_for_a_test_with_what_the_test_gives()
    {
        var plain = EventEnvelope.Create(new ItemAdded("x", 1));
        (plain.StreamId, plain.Version, plain.Position, plain.Type, plain.OccurredAt, plain.Actor, plain.Timestamp).Should().Be((new StreamId("test-1"), 1, GlobalPosition.FromInt64(1), "ItemAdded", null, null, DateTimeOffset.UnixEpoch));
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2));
        var full = EventEnvelope.Create("e", "order-1", 3, occurredAt: at, metadata: new() { Actor = "ann", CorrelationId = "c", Headers = new Dictionary<string, string> { ["h"] = "v" } }, tags: [new("a", "b")]);
        (full.StreamId, full.Version, full.OccurredAt, full.OccurredAt!.Value.Offset, full.Actor, full.CorrelationId, full.Headers["h"]).Should().Be((new StreamId("order-1"), 3, at, TimeSpan.Zero, "ann", "c", "v"));
        full.Tags.Should().Equal(new Tag("a", "b"));
        FluentActions.Invoking(() => EventEnvelope.Create("e", version: 0)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Test]
    public void Token_is_the_key_of_a_dictionary()
    {
        var token = ResumeToken.Of(GlobalPosition.FromInt64(7), Guid.NewGuid(), 5);
        var json = JsonSerializer.Serialize(new Dictionary<ResumeToken, int> { [token] = 1, [default] = 2 });
        JsonSerializer.Deserialize<Dictionary<ResumeToken, int>>(json).Should().Equal(new Dictionary<ResumeToken, int> { [token] = 1, [default] = 2 });
    }
}
