using System.Runtime.CompilerServices;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Storage;

public class RecordedEventTests
{
    private static readonly long[] s_positions = [1, 0x1234_5678_9ABC_DE, RecordedEvent.MaxPosition];
    private static readonly long[] s_versions = [1, 0x12_3456_789A, RecordedEvent.MaxVersion];
    private static readonly uint[] s_marks = [0, 1, 0x1234_5678, uint.MaxValue];

    [Test]
    public void Event_takes_96_bytes() => Unsafe.SizeOf<RecordedEvent>().Should().Be(96);

    [Test]
    public void Position_version_and_mark_are_kept_whole([ValueSource(nameof(s_positions))] long position, [ValueSource(nameof(s_versions))] long version, [ValueSource(nameof(s_marks))] uint mark)
    {
        var markLast = Make(position, version) with { Mark = mark };
        var markFirst = new RecordedEvent { Mark = mark, StreamId = "s", Type = "t", Id = Guid.NewGuid(), Timestamp = default, Version = version, Position = GlobalPosition.FromInt64(position) };
        foreach (var e in new[] { markLast, markFirst })
            (e.Position.ToInt64(), e.Version, e.Mark).Should().Be((position, version, mark));
    }

    [Test]
    public void Position_or_version_out_of_range_is_refused()
    {
        Action position = () => Make(RecordedEvent.MaxPosition + 1, 1);
        Action version = () => Make(1, RecordedEvent.MaxVersion + 1);
        Action negative = () => Make(1, -1);
        position.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Position*");
        version.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Version*");
        negative.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*Version*");
    }

    private static RecordedEvent Make(long position, long version) =>
        new() { StreamId = "s", Type = "t", Id = Guid.NewGuid(), Timestamp = default, Version = version, Position = GlobalPosition.FromInt64(position) };
}
