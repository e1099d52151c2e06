using EventSourcing.Internal;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests;

/// <summary>What many appends at the same time needed is not kept for ever.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EncoderPoolTests
{
    private readonly EncoderPool _pool = new(() => new(School.Types));

    private static Append Notes(int count, int bytes) =>
        new Append().To("a", ExpectedVersion.Any, [.. Enumerable.Repeat(new Noted(new string('x', bytes)), count)]);

    private AppendEncoder[] RentAll(int encoders, Append append) =>
        [.. Enumerable.Range(0, encoders).Select(_ =>
        {
            var encoder = _pool.Rent();
            encoder.Encode(append);
            return encoder;
        })];

    [Test]
    public void Encoders_of_large_appends_that_wait_take_a_bounded_number_of_bytes()
    {
        var all = RentAll(200, Notes(1, 300_000));
        all.Sum(e => e.Size).Should().BeGreaterThan(60_000_000);
        foreach (var encoder in all) _pool.Return(encoder);
        _pool.Bytes.Should().BeInRange(EncoderPool.MaxBytes / 2, EncoderPool.MaxBytes);
        // What is taken out counts no more.
        RentAll(200, Notes(1, 1));
        _pool.Bytes.Should().Be(0);
    }

    [Test]
    public void Encoders_of_small_appends_are_all_used_again()
    {
        var all = RentAll(2000, Notes(1, 100));
        var known = all.ToHashSet();
        foreach (var encoder in all) _pool.Return(encoder);
        RentAll(2000, Notes(1, 100)).Should().OnlyContain(e => known.Contains(e));
    }

    [Test]
    public void Encoder_of_an_append_of_many_events_gives_back_its_memory()
    {
        var encoder = _pool.Rent();
        encoder.Encode(Notes(100_000, 1));
        encoder.Size.Should().BeGreaterThan(10_000_000);
        _pool.Return(encoder);
        encoder.Size.Should().BeLessThan(2 << 20);
        encoder.Encode(Notes(3, 1)).Writes.Span[0].Events.Length.Should().Be(3);
    }

    [Test]
    public void Count_of_bytes_is_right_whatever_is_rented_and_returned_at_once()
    {
        Parallel.For(0, 8, worker =>
        {
            for (var i = 0; i < 500; i++)
            {
                var encoder = _pool.Rent();
                encoder.Encode(Notes(1, i % 7 == 0 ? 100_000 : 10));
                _pool.Return(encoder);
            }
        });
        for (var i = 0; i < 100; i++) _pool.Rent();
        _pool.Bytes.Should().Be(0);
    }
}
