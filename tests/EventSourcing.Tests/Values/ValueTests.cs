using System.Collections.Immutable;
using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Values;

public class ValueTests
{
    private static readonly string[] InvalidNames = ["", "a\nb", "\0", "\u0085", "a\uD800", "\uDC00b", new string('x', 513), new string('é', 257)];

    [TestCaseSource(nameof(InvalidNames))]
    public void Stream_of_invalid_name_is_refused(string name) =>
        FluentActions.Invoking(() => new StreamId(name)).Should().Throw<ArgumentException>();

    [Test]
    public void Default_stream_names_none()
    {
        default(StreamId).IsDefault.Should().BeTrue();
        default(StreamId).ToString().Should().BeEmpty();
        FluentActions.Invoking(() => default(StreamId).Value).Should().Throw<InvalidOperationException>();
    }

    [TestCase("order-42", "order")]
    [TestCase("order-42-7", "order")]
    [TestCase("order", "order")]
    [TestCase("-42", "-42")]
    [TestCase("order-", "order")]
    public void Category_is_the_part_before_the_first_dash(string name, string category)
    {
        new StreamId(name).Category.Should().Be(category);
        new StreamId(name).IsInCategory(category).Should().BeTrue();
        new StreamId(name).IsInCategory(category + "x").Should().BeFalse();
    }

    [Test]
    public void Tag_reads_back_what_it_prints() =>
        Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 20], Gen.String[Gen.Char[' ', '~'], 0, 20]).Sample((name, value) =>
        {
            var tag = new Tag(name, value);
            return Tag.Parse(tag.ToString(), null) == tag && tag.Name == name && tag.Value == value;
        });

    [Test]
    public void Tag_splits_at_its_first_colon()
    {
        Tag.Parse("a:b:c", null).Should().Be(new Tag("a", "b:c"));
        new Tag("a", "").ToString().Should().Be("a:");
        foreach (var text in new[] { "", "a", ":b", "a:\n" }) FluentActions.Invoking(() => Tag.Parse(text, null)).Should().Throw<FormatException>();
        FluentActions.Invoking(() => new Tag("a:b", "c")).Should().Throw<ArgumentException>();
    }

    [Test]
    public void Position_reads_back_what_it_prints_and_sorts_by_number() =>
        Gen.Select(Gen.Long[0, long.MaxValue], Gen.Long[0, long.MaxValue]).Sample((a, b) =>
        {
            var (left, right) = (GlobalPosition.FromInt64(a), GlobalPosition.FromInt64(b));
            return GlobalPosition.Parse(left.ToString(), null) == left && left < right == a < b && left >= right == a >= b && left.CompareTo(right) == a.CompareTo(b);
        });

    [TestCase("")]
    [TestCase("-1")]
    [TestCase(" 1")]
    [TestCase("1.0")]
    [TestCase("9223372036854775808")]
    [TestCase(null)]
    public void Text_that_is_no_position_is_refused(string? text) => GlobalPosition.TryParse(text, null, out _).Should().BeFalse();

    [Test]
    public void Expected_version_is_met_by_the_versions_it_names() =>
        Gen.Select(Gen.Long[0, 5], Gen.Long[0, 5]).Sample((version, found) =>
            ExpectedVersion.Any.IsMetBy(found)
            && ExpectedVersion.NoStream.IsMetBy(found) == (found == 0)
            && ExpectedVersion.StreamExists.IsMetBy(found) == (found > 0)
            && ExpectedVersion.Exactly(version).IsMetBy(found) == (found == version)
            && ExpectedVersion.Exactly(version).Version == version);

    [Test]
    public void Exactly_0_is_no_stream_and_default_is_any()
    {
        ExpectedVersion.Exactly(0).Should().Be(ExpectedVersion.NoStream);
        default(ExpectedVersion).Should().Be(ExpectedVersion.Any);
        foreach (var version in new[] { -1, long.MinValue, long.MaxValue })
            FluentActions.Invoking(() => ExpectedVersion.Exactly(version)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Test]
    public void Query_item_without_criterion_is_refused()
    {
        FluentActions.Invoking(() => new EventQueryItem()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.Of(Array.Empty<EventQueryItem>())).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.All.InCategory("a").InCategory("b")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.All.InStream("a").InStream("b")).Should().Throw<ArgumentException>();
    }

    [Test]
    public void Query_matches_types_by_or_tags_by_and_items_by_or()
    {
        var query = LogQuery.OfTypes("A", "B").Tagged("x", "1").Tagged("y", "1").Or(LogQuery.OfTypes("C").InCategory("order"));
        Tag x = new("x", "1"), y = new("y", "1");
        query.Matches("B", "s", [y, x, new("z", "")]).Should().BeTrue();
        query.Matches("B", "s", [x]).Should().BeFalse();
        query.Matches("C", "order-1", []).Should().BeTrue();
        query.Matches("C", "orders", [x, y]).Should().BeFalse();
        query.Or(LogQuery.All).IsAll.Should().BeTrue();
    }

    [Test]
    public void Command_result_reads_back_what_it_writes() =>
        Gen.Select(Gen.Byte.Array[0, 64], Gen.Long[0, 1L << 40], Gen.Int[0, 4].Array[0, 4], Gen.Bool, Gen.Guid, Gen.UInt).Sample((fingerprint, before, counts, isScattered, id, mark) =>
        {
            ImmutableArray<StreamRange> ranges = [.. counts.Select((count, i) => new StreamRange($"s-{i}", 1, count, count))];
            var total = counts.Sum();
            var step = isScattered ? 3 : 1;
            GlobalPosition[] positions = [.. Enumerable.Range(1, total).Select(i => GlobalPosition.FromInt64(before + i * step))];
            var result = total == 0
                ? new AppendResult(ranges, GlobalPosition.FromInt64(before), TokenAt(GlobalPosition.FromInt64(before)), wasDuplicate: true)
                : isScattered ? new(ranges, positions, TokenAt(positions[^1])) : new(ranges, positions[0], TokenAt(positions[^1]), wasDuplicate: true);
            var read = CommandResult.Parse("c", new CommandResult(fingerprint, result).ToBytes());
            return read.Result == result && read.Result.ResumeToken == result.ResumeToken && read.Fingerprint.Span.SequenceEqual(fingerprint);

            ResumeToken TokenAt(GlobalPosition position) =>
                position == GlobalPosition.Start || id == Guid.Empty ? ResumeToken.Unverified(position) : ResumeToken.Of(position, id, mark);
        });

    // Format 1, written by hand: fingerprint, first and last position, one stream, positions not scattered.
    [Test]
    public void Command_result_stored_before_logs_drew_marks_reads_back_with_a_token_that_is_not_verified()
    {
        byte[] stored = [1, 2, 0xAB, 0xCD, 7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 1, (byte)'s', 4, 5, 2, 0];
        var read = CommandResult.Parse("c", stored);
        read.Fingerprint.ToArray().Should().Equal(0xAB, 0xCD);
        read.Result.Streams.Should().Equal(new StreamRange("s", 4, 5, 2));
        read.Result.ResumeToken.Should().Be(ResumeToken.Unverified(GlobalPosition.FromInt64(8)));
        var token = ResumeToken.Of(GlobalPosition.FromInt64(8), Guid.NewGuid(), 3);
        var completed = read.Result.WithToken(token);
        completed.ResumeToken.Should().Be(token);
        (completed.FirstPosition, completed.LastPosition, completed.WasDuplicate, completed.Count).Should().Be((GlobalPosition.FromInt64(7), GlobalPosition.FromInt64(8), true, 2));
        FluentActions.Invoking(() => read.Result.WithToken(ResumeToken.Start)).Should().Throw<ArgumentException>();
    }

    [Test]
    public void Append_result_refuses_positions_that_do_not_fit_its_events()
    {
        var (one, two) = (GlobalPosition.FromInt64(1), ResumeToken.Unverified(GlobalPosition.FromInt64(2)));
        var range = new StreamRange("s", 1, 3, 3);
        FluentActions.Invoking(() => new AppendResult(range, one, two, wasDuplicate: false)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new AppendResult([range, range], one, two, wasDuplicate: false)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new AppendResult(new StreamRange("s", 4, 3, 0), one, two, wasDuplicate: false)).Should().Throw<ArgumentException>();
    }

    [Test]
    public void Append_result_says_what_it_was_given()
    {
        var (first, last) = (GlobalPosition.FromInt64(7), ResumeToken.Of(GlobalPosition.FromInt64(9), Guid.NewGuid(), 5));
        foreach (var range in new StreamRange[] { new("s", 4, 6, 3), new("s", 4, 9, 3) })
        {
            var result = new AppendResult(range, first, last, wasDuplicate: false);
            result.Streams.Should().Equal(range);
            (result.FirstPosition, result.LastPosition, result.ResumeToken, result.Count, result.Version).Should().Be((first, last.Position, last, 3, range.LastVersion));
            result.Should().Be(new AppendResult([range], first, last, wasDuplicate: false));
        }
    }

    [Test]
    public void Command_result_of_no_known_form_is_corrupt()
    {
        var bytes = new CommandResult(new byte[4], new(new StreamRange("s", 1, 2, 2), GlobalPosition.FromInt64(1), ResumeToken.Unverified(GlobalPosition.FromInt64(2)), false)).ToBytes();
        for (var length = 0; length < bytes.Length; length++)
        {
            var part = bytes.AsMemory(0, length);
            FluentActions.Invoking(() => CommandResult.Parse("c", part)).Should().Throw<StoreCorruptException>($"{length} of {bytes.Length} bytes are not all");
        }

        bytes[0] = 99;
        FluentActions.Invoking(() => CommandResult.Parse("c", bytes)).Should().Throw<StoreCorruptException>();
    }
}
