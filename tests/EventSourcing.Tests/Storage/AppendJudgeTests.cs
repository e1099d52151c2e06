using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Storage;

/// <summary>What the judge asks and answers; its rules are in the contract suite, which every log runs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public class AppendJudgeTests
{
    private static readonly Guid s_id = new(1, 2, 3, new byte[8]);

    private static readonly AppendCondition s_condition = new(LogQuery.OfTypes("T"));

    private readonly Facts _facts = new();

    [Test]
    public void An_append_that_expects_nothing_asks_nothing() =>
        Asked(new() { Writes = Writes(ExpectedVersion.Any), Checks = new StreamCheck[] { new("b", ExpectedVersion.Any) } }).Should().BeEmpty();

    [Test]
    public void Every_case_asks_once_and_in_its_order() =>
        Asked(Everything(1)).Should().Equal("Command c", $"event {s_id}", "Tracking s", "version a", "version b", "head", "conflict");

    [Test]
    public void A_repeated_command_asks_for_its_tracking_only()
    {
        var result = new AppendResult(new StreamRange("a", 1, 1, 1), GlobalPosition.FromInt64(1), ResumeToken.Of(GlobalPosition.FromInt64(1), s_id, 1), false);
        _facts.Records[(RecordKind.Command, "c")] = new CommandResult(default, result).ToBytes();
        Asked(Everything(1)).Should().Equal("Command c", "Tracking s");
    }

    [Test]
    public void A_repeated_command_of_before_marks_asks_for_its_token()
    {
        var result = new AppendResult(new StreamRange("a", 1, 1, 1), GlobalPosition.FromInt64(1), ResumeToken.Unverified(GlobalPosition.FromInt64(1)), false);
        _facts.Records[(RecordKind.Command, "c")] = new CommandResult(default, result).ToBytes();
        AppendJudge.Judge(Everything(1), _facts, out var repeat);
        _facts.Asked.Should().Equal("Command c", "token 1", "Tracking s");
        repeat.ResumeToken.IsVerifiable.Should().BeTrue();
    }

    [Test]
    public void Repeated_events_ask_for_no_version()
    {
        _facts.Events[s_id] = new(GlobalPosition.FromInt64(7), 3, ContentDifference.None);
        Asked(Everything(1)).Should().Equal("Command c", $"event {s_id}", "token 7", "Tracking s");
    }

    [Test]
    public void An_append_that_is_tracked_already_asks_for_no_expected_version()
    {
        _facts.Records[(RecordKind.Tracking, "s")] = new TrackingRecord(1).ToBytes();
        Asked(Everything(1)).Should().Equal("Command c", $"event {s_id}", "Tracking s", "head", "version a");
    }

    [Test]
    public void The_parts_name_what_is_to_be_written()
    {
        Parts(Everything(1)).Should().Be(AppendParts.Events | AppendParts.Command | AppendParts.Tracking);
        Parts(new() { Writes = Writes(ExpectedVersion.Any) }).Should().Be(AppendParts.Events);
        Parts(new() { CommandId = "c" }).Should().Be(AppendParts.Command);
        Parts(new() { Tracking = new("s", 1) }).Should().Be(AppendParts.Tracking);

        _facts.Records[(RecordKind.Tracking, "s")] = new TrackingRecord(1).ToBytes();
        Parts(Everything(1)).Should().Be(AppendParts.None);
        Parts(Everything(2)).Should().Be(AppendParts.Events | AppendParts.Command | AppendParts.Tracking);

        _facts.Events[s_id] = new(GlobalPosition.FromInt64(7), 3, ContentDifference.None);
        Parts(Everything(1)).Should().Be(AppendParts.Command, "a repeat of events is remembered for its command");
        Parts(Everything(2)).Should().Be(AppendParts.Command | AppendParts.Tracking, "and advances tracking");
    }

    [Test]
    public void An_append_of_events_that_are_new_allocates_nothing()
    {
        var append = new LogAppend
        {
            Writes = new StreamWrite[] { new("a", ExpectedVersion.NoStream, new LogEvent[] { new() { Type = "T", Id = s_id }, new() { Type = "T" } }) },
            Checks = new StreamCheck[] { new("b", ExpectedVersion.NoStream) },
            Condition = s_condition,
        };
        for (var i = 0; i < 100; i++) AppendJudge.Judge(append, new NothingStored(), out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) AppendJudge.Judge(append, new NothingStored(), out _);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);
    }

    [Test]
    public void What_the_facts_throw_passes_through() =>
        FluentActions.Invoking(() => AppendJudge.Judge(new() { CommandId = "broken" }, _facts, out _)).Should().Throw<IOException>();

    [Test]
    public void A_command_whose_record_is_no_result_is_reported()
    {
        _facts.Records[(RecordKind.Command, "c")] = [9];
        FluentActions.Invoking(() => Parts(Everything(1))).Should().Throw<StoreCorruptException>().WithMessage("*command 'c'*");
    }

    [Test]
    public void Tracking_is_stored_as_8_bytes_and_a_token_behind_them()
    {
        var token = ResumeToken.Of(GlobalPosition.FromInt64(258), s_id, 7);
        new TrackingRecord(258).ToBytes().Should().Equal(2, 1, 0, 0, 0, 0, 0, 0);
        TrackingRecord.Parse("s", [2, 1, 0, 0, 0, 0, 0, 0]).Should().Be(new TrackingRecord(258));
        TrackingRecord.Parse("s", new TrackingRecord(258, token).ToBytes()).ToTracking("s").Should().Be(new Tracking("s", 258, token));
        FluentActions.Invoking(() => TrackingRecord.Parse("s", [1, 2, 3])).Should().Throw<StoreCorruptException>().WithMessage("*source 's'*3 bytes*");
        FluentActions.Invoking(() => TrackingRecord.Parse("s", [2, 1, 0, 0, 0, 0, 0, 0, 77, 78])).Should().Throw<StoreCorruptException>().WithMessage("*source 's'*'MN'*");
    }

    [Test]
    public void An_erased_event_is_compared_by_the_hash_of_its_content()
    {
        var e = new LogEvent { Type = "T", Data = "1"u8.ToArray() };
        var hash = ContentHash.Of("a", "T", "1"u8);
        hash.Should().HaveCount(ContentHash.Size);
        FoundEvent.OfErased(GlobalPosition.FromInt64(1), 1, hash, "a", e).Difference.Should().Be(ContentDifference.None);
        FoundEvent.OfErased(GlobalPosition.FromInt64(1), 1, hash, "b", e).Difference.Should().Be(ContentDifference.Erased);
        FoundEvent.OfErased(GlobalPosition.FromInt64(1), 1, hash, "a", e with { Type = "U" }).Difference.Should().Be(ContentDifference.Erased);
        FoundEvent.OfErased(GlobalPosition.FromInt64(1), 1, hash, "a", e with { Data = "2"u8.ToArray() }).Difference.Should().Be(ContentDifference.Erased);
    }

    private static ReadOnlyMemory<StreamWrite> Writes(ExpectedVersion expected, Guid? id = null) =>
        new StreamWrite[] { new("a", expected, new LogEvent[] { new() { Type = "T", Id = id } }) };

    private static LogAppend Everything(long tracking) => new()
    {
        Writes = Writes(ExpectedVersion.NoStream, s_id),
        Checks = new StreamCheck[] { new("b", ExpectedVersion.NoStream) },
        Condition = s_condition,
        CommandId = "c",
        Tracking = new("s", tracking),
    };

    private List<string> Asked(LogAppend append)
    {
        AppendJudge.Judge(append, _facts, out _);
        return _facts.Asked;
    }

    private AppendParts Parts(LogAppend append) => AppendJudge.Judge(append, _facts, out _);

    private sealed class Facts : IAppendFacts
    {
        internal List<string> Asked { get; } = [];

        internal Dictionary<(RecordKind Kind, string Key), byte[]> Records { get; } = [];

        internal Dictionary<Guid, FoundEvent> Events { get; } = [];

        public GlobalPosition Head
        {
            get
            {
                Asked.Add("head");
                return GlobalPosition.Start;
            }
        }

        public ResumeToken TokenOf(GlobalPosition position)
        {
            Asked.Add($"token {position}");
            return ResumeToken.Of(position, Guid.NewGuid(), 1);
        }

        public StoredRecord? FindRecord(RecordKind kind, string key)
        {
            if (key == "broken") throw new IOException();
            Asked.Add($"{kind} {key}");
            return Records.TryGetValue((kind, key), out var value) ? new(key, value, 1) : null;
        }

        public bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found)
        {
            Asked.Add($"event {id}");
            return Events.TryGetValue(id, out found);
        }

        public long VersionOf(StreamId stream)
        {
            Asked.Add($"version {stream}");
            return 0;
        }

        public GlobalPosition? FindConflict(AppendCondition condition)
        {
            Asked.Add("conflict");
            return null;
        }
    }

    private readonly struct NothingStored : IAppendFacts
    {
        public GlobalPosition Head => GlobalPosition.Start;

        public ResumeToken TokenOf(GlobalPosition position) => throw new NotSupportedException("nothing is stored");

        public StoredRecord? FindRecord(RecordKind kind, string key) => null;

        public bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found)
        {
            found = default;
            return false;
        }

        public long VersionOf(StreamId stream) => 0;

        public GlobalPosition? FindConflict(AppendCondition condition) => null;
    }
}
