using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests;

/// <summary>An encoder is used again, so an append must hold nothing of the one before.</summary>
public class EncodingTests
{
    [Test]
    public async Task Appends_of_every_shape_follow_each_other()
    {
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        for (var round = 0; round < 3; round++)
        {
            await store.AppendAsync("a", ExpectedVersion.Any, [new Noted($"{round}")]);
            await store.AppendAsync(new Append { Metadata = new() { Actor = "ann" } }.Require("a", ExpectedVersion.StreamExists)
                .To("b", ExpectedVersion.Any, [new Noted("x"), new Noted("y")]).To("a", ExpectedVersion.Any, [new Noted("z")]));
            await store.AppendAsync("a", ExpectedVersion.Exactly(2 + (round * 3)), [new Noted("w")]);
        }

        (await ReadAsync(store, "a")).Should().Equal("0", "z by ann", "w", "1", "z by ann", "w", "2", "z by ann", "w");
        (await ReadAsync(store, "b")).Should().Equal("x by ann", "y by ann", "x by ann", "y by ann", "x by ann", "y by ann");
    }

    [Test]
    public async Task Events_larger_than_the_buffer_do_not_disturb_those_before_them()
    {
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => new string((char)('a' + (i % 26)), i * 50))];
        await store.AppendAsync("s", ExpectedVersion.NoStream, texts.Select(text => new Noted(text)));
        (await ReadAsync(store, "s")).Should().Equal(texts);
    }

    private static async Task<List<string>> ReadAsync(EventStore store, string stream)
    {
        var read = new List<string>();
        await foreach (var e in store.ReadStreamAsync(stream)) read.Add(e.Actor is { } actor ? $"{((Noted)e.Data).Text} by {actor}" : ((Noted)e.Data).Text);
        return read;
    }
}
