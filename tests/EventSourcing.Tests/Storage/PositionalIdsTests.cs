using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Storage;

public class PositionalIdsTests
{
    private const long Most = (1L << 62) - 1;

    private static readonly Gen<DateTimeOffset> Moments =
        Gen.Long[DateTimeOffset.UnixEpoch.Ticks, DateTimeOffset.MaxValue.Ticks].Select(ticks => new DateTimeOffset(ticks, TimeSpan.Zero));

    [Test]
    public void Id_leads_back_to_its_position() =>
        Gen.Select(Gen.Long[0, Most], Gen.Long[0, Most], Moments).Sample((key, position, moment) =>
        {
            var ids = new PositionalIds(key);
            var id = ids.Create(moment, position);
            return ids.TryGetPosition(id, out var found) && found == position && id.Version == 7 && id.Variant is >= 8 and <= 11;
        });

    [Test]
    public void Id_begins_with_the_milliseconds_of_its_time() =>
        Gen.Select(Gen.Long[0, Most], Moments).Sample((position, moment) =>
        {
            var text = new PositionalIds(5).Create(moment, position).ToString("N");
            return Convert.ToInt64(text[..12], 16) == moment.ToUnixTimeMilliseconds();
        });

    [Test]
    public void Ids_of_later_times_sort_later() =>
        Gen.Select(Moments, Gen.Long[10, TimeSpan.TicksPerDay], Gen.Long[0, Most])
            .Where(t => t.Item1.Ticks < DateTimeOffset.MaxValue.Ticks - TimeSpan.TicksPerDay)
            .Sample((moment, ticks, position) =>
            {
                var ids = new PositionalIds(1);
                var (earlier, later) = (ids.Create(moment, position), ids.Create(moment.AddTicks(ticks), position));
                return string.CompareOrdinal(earlier.ToString(), later.ToString()) < 0;
            });

    [Test]
    public void Id_of_another_version_or_variant_is_not_ours()
    {
        var ids = new PositionalIds(1);
        foreach (var id in new[] { Guid.Empty, Guid.AllBitsSet, new Guid("00000000-0000-4000-8000-000000000000"), new Guid("00000000-0000-7000-c000-000000000000") })
        {
            ids.TryGetPosition(id, out var position).Should().BeFalse();
            position.Should().Be(0);
        }
    }

    [Test]
    public void Key_position_and_time_out_of_range_are_refused()
    {
        foreach (var number in new[] { -1, Most + 1 })
        {
            FluentActions.Invoking(() => new PositionalIds(number)).Should().Throw<ArgumentOutOfRangeException>();
            FluentActions.Invoking(() => new PositionalIds(0).Create(DateTimeOffset.UnixEpoch, number)).Should().Throw<ArgumentOutOfRangeException>();
        }

        FluentActions.Invoking(() => new PositionalIds(0).Create(DateTimeOffset.UnixEpoch.AddTicks(-1), 1)).Should().Throw<ArgumentOutOfRangeException>();
    }
}
