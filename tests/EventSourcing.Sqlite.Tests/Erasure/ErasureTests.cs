using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Erasure;

public class ErasureTests
{
    private TemporaryFile _file = null!;
    private FakeTimeProvider _clock = null!;
    private SqliteEventLog _log = null!;

    [SetUp]
    public void Open()
    {
        _file = new();
        _clock = new(new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));
        _log = SqliteEventLog.Open(_file.Path, new() { TimeProvider = _clock });
    }

    [TearDown]
    public async Task Close()
    {
        await _log.DisposeAsync();
        _file.Dispose();
    }

    [Test]
    public async Task Positions_and_versions_of_an_erased_tail_are_never_given_again()
    {
        await Append("kept-1", 2);
        await Append("gone-1", 3);
        await Erase("gone-1", 3);

        var next = await Append("gone-1", 1);

        next.FirstPosition.ToInt64().Should().Be(6);
        next.Version.Should().Be(4);
    }

    [Test]
    public async Task Reopened_log_gives_no_erased_number_again()
    {
        await Append("gone-1", 3);
        await Erase("gone-1", 3);
        await _log.DisposeAsync();
        _log = SqliteEventLog.Open(_file.Path, new() { TimeProvider = _clock });

        var next = await Append("gone-1", 1);

        (next.FirstPosition.ToInt64(), next.Version).Should().Be((4, 4));
    }

    [Test]
    public async Task Head_stays_where_it_was()
    {
        await Append("gone-1", 3);
        await Erase("gone-1", 3);

        using var page = await _log.ReadAsync(new AllRead(), default);

        page.Head.ToInt64().Should().Be(3);
        page.Events.Length.Should().Be(0);
        page.IsLast.Should().BeTrue();
    }

    [Test]
    public async Task Read_that_begins_or_ends_in_a_gap_finds_what_lies_between([Values] ReadDirection direction)
    {
        await Append("kept-1", 1);
        await Append("gone-1", 3);
        await Append("kept-1", 1);
        await Erase("gone-1", 3);

        for (var after = 0; after <= 5; after++)
            for (var through = after; through <= 5; through++)
            {
                using var page = await _log.ReadAsync(
                    new AllRead { Direction = direction, AfterPosition = GlobalPosition.FromInt64(after), ThroughPosition = GlobalPosition.FromInt64(through) }, default);

                page.Events.ToArray().Select(e => e.Position.ToInt64()).Should().BeEquivalentTo(new long[] { 1, 5 }.Where(p => p > after && p <= through), "of {0} to {1}", after, through);
                page.IsLast.Should().BeTrue();
            }
    }

    [Test]
    public async Task Erased_positions_next_to_each_other_become_one_gap()
    {
        await Append("gone-1", 1);
        await Append("kept-1", 1);
        await Append("gone-1", 1);
        await Append("gone-2", 1);
        await Erase("gone-1", 2);
        await Erase("gone-2", 1);

        Gaps().Should().Equal("1-1", "3-4");
    }

    [Test]
    public async Task Gap_between_two_gaps_joins_them()
    {
        foreach (var stream in new[] { "a-1", "b-1", "c-1" }) await Append(stream, 1);
        await Erase("a-1", 1);
        await Erase("c-1", 1);
        await Erase("b-1", 1);

        Gaps().Should().Equal("1-3");
    }

    [Test]
    public async Task Repeat_of_erased_events_is_answered_with_their_numbers()
    {
        await Append("kept-1", 1);
        var first = await _log.AppendAsync(WithIds("gone-1", 7, 8), default);
        await Erase("gone-1", 2);

        var again = await _log.AppendAsync(WithIds("gone-1", 7, 8), default);

        again.WasDuplicate.Should().BeTrue();
        again.Positions.Should().Equal(first.Positions);
        again.Streams.Should().Equal(first.Streams);
    }

    [Test]
    public async Task Erased_id_with_other_content_is_refused()
    {
        await _log.AppendAsync(WithIds("gone-1", 7), default);
        await Erase("gone-1", 1);

        var other = () => _log.AppendAsync(WithIds("gone-2", 7), default).AsTask();

        await other.Should().ThrowAsync<DuplicateEventException>();
    }

    [Test]
    public async Task Id_that_the_log_gave_stays_taken_after_erasure()
    {
        await Append("gone-1", 1);
        Guid id;
        using (var page = await _log.ReadAsync(new AllRead(), default)) id = page.Events[0].Id;
        await Erase("gone-1", 1);

        var again = await _log.AppendAsync(new() { Writes = new StreamWrite[] { new("gone-1", ExpectedVersion.Any, new[] { Event() with { Id = id } }) } }, default);

        again.WasDuplicate.Should().BeTrue();
        again.FirstPosition.ToInt64().Should().Be(1);
    }

    [Test]
    public async Task Repeated_command_is_answered_after_its_events_were_erased()
    {
        var command = new LogAppend { CommandId = "c-1", Writes = new StreamWrite[] { new("gone-1", ExpectedVersion.Any, new[] { Event() }) } };
        var first = await _log.AppendAsync(command, default);
        await Erase("gone-1", 1);

        var again = await _log.AppendAsync(command, default);

        again.WasDuplicate.Should().BeTrue();
        again.Streams.Should().Equal(first.Streams);
    }

    [Test]
    public async Task Time_does_not_fall_below_that_of_an_erased_event()
    {
        await Append("gone-1", 1);
        var erased = _clock.GetUtcNow();
        await Erase("gone-1", 1);
        await _log.DisposeAsync();
        _log = SqliteEventLog.Open(_file.Path, new() { TimeProvider = new FakeTimeProvider(erased.AddDays(-1)) });

        await Append("kept-1", 1);

        using var page = await _log.ReadAsync(new AllRead(), default);
        page.Events[0].Timestamp.Should().Be(erased);
    }

    [Test]
    public async Task Stream_keeps_its_version_when_all_its_events_are_gone()
    {
        await Append("gone-1", 3);
        await Erase("gone-1", 3);

        using var page = await _log.ReadAsync(new StreamRead("gone-1"), default);

        page.StreamVersion.Should().Be(3);
    }

    [Test]
    public async Task Marks_of_erased_events_are_kept_and_found_by_position()
    {
        await _log.AppendAsync(WithIds("gone-1", 1, 2), default);
        await Append("gone-1", 1);
        var marks = new List<RecordedEvent>();
        await foreach (var e in _log.ReadEventsAsync(new AllRead())) marks.Add(e);
        await Erase("gone-1", 3);

        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_file.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = Sql.ErasedMarkAt;
        var position = command.Parameters.AddWithValue("?1", 0);
        foreach (var e in marks)
        {
            position.Value = e.Position.ToInt64();
            using var reader = command.ExecuteReader();
            reader.Read().Should().BeTrue();
            ((byte[])reader.GetValue(0)).Should().Equal(e.Id.ToByteArray(bigEndian: true));
            ((uint)reader.GetInt32(1)).Should().Be(e.Mark);
        }

        command.CommandText = "EXPLAIN QUERY PLAN " + Sql.ErasedMarkAt;
        using var plan = command.ExecuteReader();
        plan.Read();
        plan.GetString(3).Should().Contain("es_ids_erased");
    }

    [Test]
    public async Task Erasure_begins_a_new_generation()
    {
        await Append("gone-1", 1);
        await Erase("gone-1", 1);

        using var page = await _log.ReadAsync(new AllRead(), default);

        page.Generation.Should().Be(2);
    }

    private static LogEvent Event() => new() { Type = "happened", Data = "{}"u8.ToArray(), IsJson = true, Tags = [new("t", "1")] };

    private static LogAppend WithIds(string stream, params byte[] ids) => new()
    {
        Writes = new StreamWrite[]
        {
            new(stream, ExpectedVersion.Any, ids.Select(i => Event() with { Id = new Guid(i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1) }).ToArray()),
        },
    };

    private ValueTask<AppendResult> Append(string stream, int count) =>
        _log.AppendAsync(new() { Writes = new StreamWrite[] { new(stream, ExpectedVersion.Any, Enumerable.Repeat(Event(), count).ToArray()) } }, default);

    private ValueTask<long> Erase(string stream, long through) =>
        _log.EraseAsync(stream, through, "test");

    private List<string> Gaps()
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_file.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT first || '-' || last FROM es_gaps ORDER BY first";
        using var reader = command.ExecuteReader();
        var gaps = new List<string>();
        while (reader.Read()) gaps.Add(reader.GetString(0));
        return gaps;
    }
}
