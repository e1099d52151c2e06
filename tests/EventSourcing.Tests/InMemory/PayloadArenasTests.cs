using EventSourcing.InMemory;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

public class PayloadArenasTests
{
    [Test]
    public void The_first_arena_is_small()
    {
        new PayloadArenas().Copy([1], []).Arena.Length.Should().BeLessThanOrEqualTo(4096);
    }

    [Test]
    public void Arenas_of_many_events_are_never_moved()
    {
        var arenas = new PayloadArenas();
        byte[] last = [];
        for (var i = 0; i < 10_000; i++) last = arenas.Copy(new byte[200], new byte[100]).Arena;
        GC.GetGeneration(last).Should().Be(GC.MaxGeneration, "pinned objects count as old from the beginning");
    }

    [Test]
    public void An_event_as_large_as_many_lies_alone()
    {
        var arenas = new PayloadArenas();
        arenas.Copy(new byte[100], []);
        var (arena, offset) = arenas.Copy(new byte[5000], new byte[1]);
        (arena.Length, offset).Should().Be((5001, 0));
    }

    [Test]
    public void Bytes_of_any_size_come_back()
    {
        var arenas = new PayloadArenas();
        var random = new Random(4711);
        var kept = new List<(byte[] Expected, byte[] Arena, int Offset)>();
        for (var i = 0; i < 3_000; i++)
        {
            var bytes = new byte[random.Next(random.Next(50) == 0 ? 100_000 : 600)];
            random.NextBytes(bytes);
            var split = bytes.Length / 3;
            var (arena, offset) = arenas.Copy(bytes.AsSpan(0, split), bytes.AsSpan(split));
            kept.Add((bytes, arena, offset));
        }

        kept.TrueForAll(k => k.Arena.AsSpan(k.Offset, k.Expected.Length).SequenceEqual(k.Expected)).Should().BeTrue();
    }
}
