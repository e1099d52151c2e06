using EventSourcing.Internal;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>What is answered after events were erased, on any log. The log: a 1 2 3 at positions 1-3, b at 4, a 4 at 5; then a is erased through version 3.</summary>
public abstract class ErasedRetryTests
{
    private IEventLog _log = null!;

    protected abstract IEventLog OpenLog();

    /// <summary>Erases the events of a stream through a version.</summary>
    protected abstract ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion);

    [SetUp]
    public async Task Fill()
    {
        _log = OpenLog();
        await AppendAsync(Retry("a", ExpectedVersion.Any, 1, 2, 3) with { CommandId = "c", Fingerprint = new byte[] { 1 } });
        await AppendAsync(Retry("b", ExpectedVersion.Any, 0));
        await AppendAsync(Retry("a", ExpectedVersion.Any, 4));
        await EraseAsync(_log, "a", 3);
    }

    [TearDown]
    public async Task CloseAsync() => await _log.DisposeAsync();

    private static readonly (int[] Ids, string Answer)[] s_rows =
    [
        ([1, 2, 3], "1 2 3, versions 1-3"),
        ([2], "2, versions 2-2"),
        ([3, 4], "3 5, versions 3-4"),
        ([2, 1], nameof(DuplicateEventException)),
        ([1, 8], nameof(DuplicateEventException)),
    ];

    public static IEnumerable<TestCaseData> Retries =>
        from expected in new[] { ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.StreamExists, ExpectedVersion.Exactly(3), ExpectedVersion.Exactly(9) }
        from row in s_rows
        select new TestCaseData(expected, row.Ids, row.Answer);

    [TestCaseSource(nameof(Retries))]
    public async Task A_retry_of_erased_events_is_answered_with_their_numbers(ExpectedVersion expected, int[] ids, string answer) =>
        (await AnswerAsync(Retry("a", expected, ids))).Should().Be(answer);

    [Test]
    public async Task An_erased_id_with_other_content_is_refused()
    {
        (await AnswerAsync(Retry("b", ExpectedVersion.Any, 1))).Should().Be(nameof(DuplicateEventException));
        var other = new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true, Id = Id(1) };
        foreach (var e in new[] { other, other with { Type = "u", Data = "1"u8.ToArray() } })
            (await AnswerAsync(new Retried(new("a", ExpectedVersion.Any, new[] { e })))).Should().Be(nameof(DuplicateEventException));
        (await FluentActions.Awaiting(() => AppendAsync(Retry("b", ExpectedVersion.Any, 1)).AsTask()).Should().ThrowAsync<DuplicateEventException>())
            .WithMessage($"Nothing was written. Event id {Id(1)}: it was stored at position 1 with other content, and that event was erased.");
    }

    [Test]
    public async Task A_retry_of_an_erased_command_is_answered_and_one_with_other_content_refused()
    {
        (await AnswerAsync(Retry("a", ExpectedVersion.NoStream, 1, 2, 3) with { CommandId = "c", Fingerprint = new byte[] { 1 } })).Should().Be("1 2 3, versions 1-3");
        (await AnswerAsync(Retry("a", ExpectedVersion.NoStream, 7) with { CommandId = "c", Fingerprint = new byte[] { 2 } })).Should().Be(nameof(CommandIdConflictException));
    }

    [Test]
    public async Task A_condition_does_not_see_what_is_erased()
    {
        (await AnswerAsync(Retry("b", ExpectedVersion.Any, 0) with { Condition = new(LogQuery.OfTypes("t").Tagged("n", "1")) })).Should().Be("6, versions 2-2");
        (await AnswerAsync(Retry("b", ExpectedVersion.Any, 0) with { Condition = new(LogQuery.OfTypes("t").Tagged("n", "4")) })).Should().Be(nameof(AppendConditionFailedException));
    }

    [Test]
    public async Task What_is_erased_is_read_by_nobody_and_its_numbers_stay_taken()
    {
        foreach (var direction in new[] { ReadDirection.Forward, ReadDirection.Backward })
        {
            (await ReadAsync(new AllRead { Direction = direction })).Should().BeEquivalentTo([4L, 5L]);
            (await ReadAsync(new StreamRead("a") { Direction = direction })).Should().Equal(5L);
            (await ReadAsync(new AllRead { Direction = direction, Query = LogQuery.OfTypes("t") })).Should().BeEquivalentTo([4L, 5L]);
            (await ReadAsync(new AllRead { Direction = direction, Query = LogQuery.All.Tagged("n", "2") })).Should().BeEmpty();
        }

        (await _log.FindEventAsync(Id(2))).Should().BeNull();
        await EraseAsync(_log, "a", 4);
        using (var page = await _log.ReadAsync(new StreamRead("a"), default)) (page.StreamVersion, page.Head.ToInt64(), page.Generation).Should().Be((4L, 5L, 3L));
        (await AnswerAsync(Retry("a", ExpectedVersion.NoStream, 0))).Should().Be(nameof(WrongExpectedVersionException));
        (await AnswerAsync(Retry("a", ExpectedVersion.Exactly(4), 0))).Should().Be("6, versions 5-5");
    }

    private static Guid Id(int number) => new(number, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8);

    private static Retried Retry(StreamId stream, ExpectedVersion expected, params int[] ids) => new(new(stream, expected,
        ids.Select(id => new LogEvent { Type = "t", Data = new[] { (byte)('0' + id) }, IsJson = true, Id = id == 0 ? null : Id(id), Tags = [new("n", $"{id}")] }).ToArray()));

    private async Task<List<long>> ReadAsync(RangeRead read)
    {
        var positions = new List<long>();
        await foreach (var e in _log.ReadEventsAsync(read)) positions.Add(e.Position.ToInt64());
        return positions;
    }

    private ValueTask<AppendResult> AppendAsync(Retried retried) => _log.AppendAsync(retried.ToAppend(), default);

    private async Task<string> AnswerAsync(Retried retried)
    {
        try
        {
            var result = await AppendAsync(retried);
            return $"{string.Join(' ', result.Positions)}, versions {result.Streams[0].FirstVersion}-{result.Streams[0].LastVersion}";
        }
        catch (EventSourcingException e)
        {
            return e.GetType().Name;
        }
    }

    private sealed record Retried(StreamWrite Write)
    {
        public string? CommandId { get; init; }

        public ReadOnlyMemory<byte> Fingerprint { get; init; }

        public AppendCondition? Condition { get; init; }

        public LogAppend ToAppend() => new() { Writes = new[] { Write }, CommandId = CommandId, Fingerprint = Fingerprint, Condition = Condition };
    }
}
