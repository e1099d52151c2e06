using CsCheck;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Values;

public class EventQueryTests
{
    private static readonly Gen<EventQuery> Queries = Gen.Select(
        Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[0, 2], (types, tag, category, stream) =>
        {
            var query = types == 0 ? EventQuery.All : EventQuery.OfTypes([.. new[] { "a", "b", "c" }.Take(types)]);
            if (tag > 0) query = query.Tagged("t", $"{tag}");
            if (category > 0) query = query.InCategory($"k{category}");
            if (stream > 0 && (category == 0 || category == stream)) query = query.InStream($"k{stream}-1");
            return query;
        });

    private static readonly Gen<(string Type, StreamId Stream, Tag[] Tags)> Events = Gen.Select(
        Gen.Int[0, 3], Gen.Int[1, 3], Gen.Int[0, 3],
        (type, stream, tags) => ("abcd"[type..(type + 1)], new StreamId($"k{stream}-1"), new[] { new Tag("t", "1"), new Tag("t", "2") }.Where((_, bit) => (tags >> bit & 1) == 1).ToArray()));

    [Test]
    public void Or_matches_what_either_matches() =>
        Gen.Select(Queries, Queries, Events).Sample((left, right, e) => Matches(left.Or(right), e) == (Matches(left, e) || Matches(right, e)));

    [Test]
    public void Narrowing_matches_what_both_match() =>
        Gen.Select(Queries, Queries, Events).Sample((left, right, e) =>
        {
            var query = left.Or(right);
            return Matches(query.Tagged("t", "1"), e) == (Matches(query, e) && e.Tags.Contains(new Tag("t", "1")))
                && Matches(query.Tagged("t", "1").Tagged("t", "1"), e) == Matches(query.Tagged("t", "1"), e);
        });

    [Test]
    public void Category_and_stream_narrow_every_item()
    {
        var query = EventQuery.OfTypes("a").Or(EventQuery.All.Tagged("t", "1"));
        query.InCategory("k1").Items.Should().HaveCount(2).And.OnlyContain(item => item.Category == "k1");
        query.InStream("k1-1").Items.Should().HaveCount(2).And.OnlyContain(item => item.Stream == new StreamId("k1-1"));
        query.Items.Should().OnlyContain(item => item.Category == null && item.Stream == null, "a query does not change");
    }

    [Test]
    public void Narrowing_never_widens() =>
        Gen.Select(Queries, Events).Sample((query, e) =>
            Matches(query, e) || (!Matches(query.Tagged("t", "1"), e) && (query.Items.Any(i => i.Category is not null || (i.Stream is { } s && !s.IsInCategory("k1"))) || !Matches(query.InCategory("k1"), e))));

    [Test]
    public void Items_alone_make_the_same_query() =>
        Gen.Select(Queries, Queries, Events).Sample((left, right, e) =>
        {
            var query = left.Or(right);
            return query.IsAll || Matches(EventQuery.Of([.. query.Items]), e) == Matches(query, e);
        });

    [Test]
    public void Text_says_the_whole_query()
    {
        EventQuery.All.ToString().Should().Be("all events");
        EventQuery.Of<OrderPaid, OrderCreated>().ToString().Should().Be("(type OrderPaid or OrderCreated)");
        EventQuery.OfTypes("a", "b").Tagged("x", "1").Tagged("y", "2").InCategory("order").InStream("order-1").ToString()
            .Should().Be("(type a or b and tagged x:1, y:2 and category order and stream order-1)");
        EventQuery.OfTypes("a").Or(EventQuery.All.Tagged("x", "1")).ToString().Should().Be("(type a) OR (tagged x:1)");
    }

    [Test]
    public void Text_is_the_same_for_the_same_query_only() =>
        Gen.Select(Queries, Queries, Events).Sample((left, right, e) => left.ToString() != right.ToString() || Matches(left, e) == Matches(right, e));

    [Test]
    public void Query_of_stored_names_is_resolved_once()
    {
        var query = EventQuery.OfTypes("a").Tagged("x", "1");
        query.Resolve(EventTypeMap.Empty).Should().BeSameAs(query.Resolve(EventTypeMap.Empty), "an append with a condition pays for it once");
    }

    [Test]
    public void Query_of_a_clr_type_and_a_tag_is_resolved_in_few_bytes()
    {
        var query = EventQuery.Of<OrderPaid>().Tagged("x", "1");
        query.Resolve(Shop.Types);
        var before = GC.GetAllocatedBytesForCurrentThread();
        query.Resolve(Shop.Types);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(400, "every append with such a condition pays it");
    }

    [Test]
    public void Query_of_clr_types_becomes_one_of_their_stored_names()
    {
        var query = EventQuery.Of<OrderPaid>().Or(EventQuery.OfTypes("a")).Tagged("x", "1");
        query.Resolve(Shop.Types).ToString().Should().Be("(type order-paid and tagged x:1) OR (type a and tagged x:1)");
        query.ToString().Should().Be("(type OrderPaid and tagged x:1) OR (type a and tagged x:1)", "a query does not change");
        FluentActions.Invoking(() => EventQuery.Of<string>().Resolve(Shop.Types)).Should().Throw<UnknownEventTypeException>();
    }

    private static bool Matches(EventQuery query, (string Type, StreamId Stream, Tag[] Tags) e) => query.Resolve(EventTypeMap.Empty).Matches(e.Type, e.Stream, e.Tags);
}
