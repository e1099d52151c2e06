using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Repeated appends, recognized by event ids, command id or tracking.</summary>
internal static class IdempotencyCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        .. new[] { ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.Exactly(0), ExpectedVersion.StreamExists, ExpectedVersion.Exactly(9) }.Select(Retry),
        ContractCase.Of(Retry_of_a_part_of_an_append_returns_its_positions),
        ContractCase.Of(Retry_of_events_of_several_appends_returns_scattered_positions),
        ContractCase.Of(Retry_across_streams_returns_each_streams_range),
        ContractCase.Of(Retry_with_some_events_new_is_refused),
        ContractCase.Of(Retry_with_an_event_without_id_is_refused),
        ContractCase.Of(Retry_in_another_order_is_refused),
        ContractCase.Of(Retry_that_succeeds_ignores_failing_checks_and_condition),
        ContractCase.Of(Retry_ignores_metadata_and_times),
        ContractCase.Of(Id_with_another_content_is_refused_and_its_place_is_named),
        ContractCase.Of(Id_made_by_the_log_is_recognized_as_a_repeat),
        ContractCase.Of(Version_7_id_from_elsewhere_is_new),
        ContractCase.Of(Same_id_twice_in_one_append_is_refused),
        ContractCase.Of(Ids_are_found_in_the_whole_history),
        ContractCase.Of(Concurrent_identical_appends_are_stored_once_and_all_succeed),
        ContractCase.Of(Retry_with_a_condition_returns_the_old_positions_and_another_id_conflicts),
        ContractCase.Of(Command_repeated_returns_the_first_result),
        ContractCase.Of(Command_with_another_fingerprint_is_refused_and_the_first_is_named),
        ContractCase.Of(Command_without_fingerprint_is_recognized_by_its_id),
        ContractCase.Of(Repeated_command_ignores_failing_versions_and_condition),
        ContractCase.Of(Refused_command_is_not_stored),
        ContractCase.Of(Command_id_is_checked_before_event_ids),
        ContractCase.Of(Command_that_repeats_events_is_stored),
        ContractCase.Of(Repeated_command_across_streams_returns_all_ranges),
        ContractCase.Of(Same_command_from_many_concurrent_callers_is_stored_once),
        ContractCase.Of(Tracking_not_above_the_stored_position_writes_nothing),
        ContractCase.Of(Tracking_of_sources_is_independent),
        ContractCase.Of(Tracking_alone_is_stored),
        ContractCase.Of(Tracking_is_advanced_by_repeats),
        ContractCase.Of(Tracking_is_not_advanced_by_refusals),
        ContractCase.Of(Tracking_duplicate_leaves_its_command_unknown),
        ContractCase.Of(Results_are_visible_as_records),
        ContractCase.Of(Ids_commands_and_tracking_survive_reopening, LogCapabilities.Durable),
    ];

    private static ContractCase Retry(ExpectedVersion expected, int index) =>
        new($"Retry_of_all_events_expecting_{(index == 2 ? "version 0" : expected.ToString()).Replace(' ', '_')}_returns_the_original_positions", async log =>
        {
            await log.AppendAsync("x", Make.Event()).ConfigureAwait(false);
            var first = await log.AppendAsync("a", Make.WithIds(1, 2, 3)).ConfigureAwait(false);
            await log.AppendAsync("a", Make.Numbered(2)).ConfigureAwait(false);
            var again = await log.AppendAsync("a", expected, Make.WithIds(1, 2, 3)).ConfigureAwait(false);
            Expect.True(again.WasDuplicate && !first.WasDuplicate, "only the second is a duplicate");
            Expect.Equal(first.Positions(), again.Positions(), "positions");
            Expect.Equal(first.Streams, again.Streams, "ranges");
            Expect.Equal(6, await log.HeadAsync().ConfigureAwait(false), "head");
        });

    private static async Task Retry_of_a_part_of_an_append_returns_its_positions(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1, 2, 3)).ConfigureAwait(false);
        var again = await log.AppendAsync("a", ExpectedVersion.NoStream, Make.WithIds(2)).ConfigureAwait(false);
        Expect.Equal((2L, 2L, true), (again.FirstPosition.ToInt64(), again.Version, again.WasDuplicate), "result");
    }

    private static async Task Retry_of_events_of_several_appends_returns_scattered_positions(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.Event()).ConfigureAwait(false);
        await log.AppendAsync("a", Make.WithIds(2, 3)).ConfigureAwait(false);
        var again = await log.AppendAsync("a", Make.WithIds(1, 2, 3)).ConfigureAwait(false);
        Expect.Equal([1L, 3L, 4L], again.Positions(), "positions");
        Expect.Equal((new StreamRange("a", 1, 3, 3), true), (again.Streams.Single(), again.WasDuplicate), "range");
    }

    private static async Task Retry_across_streams_returns_each_streams_range(LogUnderTest log)
    {
        var append = new LogAppend { Writes = Make.Writes(Make.Write("a", Make.WithIds(1)), Make.Write("b", Make.WithIds(2, 3)), Make.Write("a", Make.WithIds(4))) };
        var first = await log.AppendAsync(append).ConfigureAwait(false);
        var again = await log.AppendAsync(append).ConfigureAwait(false);
        Expect.Equal(first.Streams, again.Streams, "ranges");
        Expect.Equal(first.Positions(), again.Positions(), "positions");
    }

    private static async Task Refuses(LogUnderTest log, LogAppend append, int id, long position)
    {
        var refusal = await log.RefusesAsync<DuplicateEventException>(append).ConfigureAwait(false);
        Expect.Equal((Make.Id(id), position), (refusal.EventId, refusal.Position.ToInt64()), "id and where it is");
    }

    private static async Task Retry_with_some_events_new_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1, 2)).ConfigureAwait(false);
        await Refuses(log, Make.Append("a", Make.WithIds(1, 2, 3)), 1, 1).ConfigureAwait(false);
        await Refuses(log, Make.Append("a", Make.WithIds(3, 2)), 2, 2).ConfigureAwait(false);
    }

    private static async Task Retry_with_an_event_without_id_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        await Refuses(log, Make.Append("a", [.. Make.WithIds(1), Make.Event()]), 1, 1).ConfigureAwait(false);
    }

    private static async Task Retry_in_another_order_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1, 2)).ConfigureAwait(false);
        await Refuses(log, Make.Append("a", Make.WithIds(2, 1)), 1, 1).ConfigureAwait(false);
    }

    private static async Task Retry_that_succeeds_ignores_failing_checks_and_condition(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        var again = await log.AppendAsync(new LogAppend
        {
            Writes = Make.Writes(new StreamWrite("a", ExpectedVersion.NoStream, Make.WithIds(1))),
            Checks = new StreamCheck[] { new("b", ExpectedVersion.StreamExists) },
            Condition = new(LogQuery.All),
        }).ConfigureAwait(false);
        Expect.True(again.WasDuplicate, "a duplicate");
    }

    private static async Task Retry_ignores_metadata_and_times(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        var e = Make.WithIds(1)[0];
        var changed = new LogEvent { Type = e.Type, Data = e.Data, Id = e.Id, Metadata = "{}"u8.ToArray(), OccurredAt = log.Clock.Now, CorrelationId = "c", Tags = [new("t", "1")] };
        Expect.True((await log.AppendAsync("a", changed).ConfigureAwait(false)).WasDuplicate, "a duplicate");
    }

    private static async Task Id_with_another_content_is_refused_and_its_place_is_named(LogUnderTest log)
    {
        await log.AppendAsync("x", Make.Event()).ConfigureAwait(false);
        await log.AppendAsync("a", Make.Event("T", "1", Make.Id(1))).ConfigureAwait(false);
        await Refuses(log, Make.Append("b", Make.Event("T", "1", Make.Id(1))), 1, 2).ConfigureAwait(false);
        await Refuses(log, Make.Append("a", Make.Event("U", "1", Make.Id(1))), 1, 2).ConfigureAwait(false);
        await Refuses(log, Make.Append("a", Make.Event("T", "2", Make.Id(1))), 1, 2).ConfigureAwait(false);
    }

    private static async Task Id_made_by_the_log_is_recognized_as_a_repeat(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var second = (await log.ReadAllAsync().ConfigureAwait(false))[1];
        var again = await log.AppendAsync("a", Make.Event(data: "2", id: second.Id)).ConfigureAwait(false);
        Expect.Equal((2L, true), (again.LastPosition.ToInt64(), again.WasDuplicate), "result");
        await log.RefusesAsync<DuplicateEventException>(Make.Append("a", Make.Event(data: "other", id: second.Id))).ConfigureAwait(false);
    }

    private static async Task Version_7_id_from_elsewhere_is_new(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var own = (await log.ReadAllAsync().ConfigureAwait(false))[1].Id;
        // The same last 62 bits at another time: the id stored at the position must still be compared.
        var bytes = own.ToByteArray(bigEndian: true);
        bytes[3] ^= 1;
        var near = new Guid(bytes, bigEndian: true);
        Expect.Equal(null, await log.FindAsync(near).ConfigureAwait(false), "event found by a foreign id");
        Expect.True(!(await log.AppendAsync("a", Make.Event(id: near)).ConfigureAwait(false)).WasDuplicate, "a foreign id is stored");
        Expect.Equal(4, (await log.FindAsync(near).ConfigureAwait(false))?.Position.ToInt64(), "position");
        Expect.Equal(2, (await log.FindAsync(own).ConfigureAwait(false))?.Position.ToInt64(), "position of the log's own");
    }

    private static async Task Same_id_twice_in_one_append_is_refused(LogUnderTest log)
    {
        await Refuses(log, Make.Append("a", Make.WithIds(1, 2, 1)), 1, 0).ConfigureAwait(false);
        await Refuses(log, new LogAppend { Writes = Make.Writes(Make.Write("a", Make.WithIds(1)), Make.Write("b", Make.WithIds(1))) }, 1, 0).ConfigureAwait(false);
    }

    private static async Task Ids_are_found_in_the_whole_history(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds([.. Enumerable.Range(1, 500)])).ConfigureAwait(false);
        await log.AppendAsync("b", Make.Numbered(1000)).ConfigureAwait(false);
        foreach (var id in new[] { 1, 250, 500 })
        {
            Expect.True((await log.AppendAsync("a", Make.WithIds(id)).ConfigureAwait(false)).WasDuplicate, "a duplicate");
            Expect.Equal(id, (await log.FindAsync(Make.Id(id)).ConfigureAwait(false))?.Position.ToInt64(), "position by id");
        }

        Expect.Equal(null, await log.FindAsync(Make.Id(501)).ConfigureAwait(false), "an id never stored");
    }

    private static async Task Concurrent_identical_appends_are_stored_once_and_all_succeed(LogUnderTest log)
    {
        var results = await Make.TogetherAsync(8, _ => log.AppendAsync("a", ExpectedVersion.NoStream, Make.WithIds(1, 2))).ConfigureAwait(false);
        Expect.Equal(1, results.Count(r => !r.WasDuplicate), "stored");
        Expect.True(results.All(r => r.Positions().SequenceEqual([1L, 2L])), "all have the positions");
        Expect.Equal(2, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Retry_with_a_condition_returns_the_old_positions_and_another_id_conflicts(LogUnderTest log)
    {
        var query = LogQuery.All.Tagged("user", "1");
        LogAppend Register(int id) => Make.If(query, 0, "a", Make.Event(id: Make.Id(id), tags: "user:1"));
        var first = await log.AppendAsync(Register(1)).ConfigureAwait(false);
        var again = await log.AppendAsync(Register(1)).ConfigureAwait(false);
        Expect.Equal((first.LastPosition, true), (again.LastPosition, again.WasDuplicate), "result");
        await log.RefusesAsync<AppendConditionFailedException>(Register(2)).ConfigureAwait(false);
    }

    private static async Task Command_repeated_returns_the_first_result(LogUnderTest log)
    {
        var first = await log.AppendAsync(Make.Command("c", 1, "a", Make.Numbered(2))).ConfigureAwait(false);
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var again = await log.AppendAsync(Make.Command("c", 1, "a", Make.Numbered(4))).ConfigureAwait(false);
        Expect.Equal(first.Streams, again.Streams, "ranges");
        Expect.Equal((first.FirstPosition, first.LastPosition, true), (again.FirstPosition, again.LastPosition, again.WasDuplicate), "result");
        Expect.Equal(5, await log.HeadAsync().ConfigureAwait(false), "head");
    }

    private static async Task Command_with_another_fingerprint_is_refused_and_the_first_is_named(LogUnderTest log)
    {
        await log.AppendAsync("x", Make.Event()).ConfigureAwait(false);
        await log.AppendAsync(Make.Command("c", 1, "a", Make.Numbered(2))).ConfigureAwait(false);
        var refusal = await log.RefusesAsync<CommandIdConflictException>(Make.Command("c", 2, "a", Make.Event())).ConfigureAwait(false);
        Expect.Equal(("c", 3L), (refusal.CommandId, refusal.First.LastPosition.ToInt64()), "command and the first append");
    }

    private static async Task Command_without_fingerprint_is_recognized_by_its_id(LogUnderTest log)
    {
        await log.AppendAsync(Make.Command("without", 0, "a", Make.Event())).ConfigureAwait(false);
        await log.AppendAsync(Make.Command("with", 1, "a", Make.Event())).ConfigureAwait(false);
        Expect.True((await log.AppendAsync(Make.Command("without", 1, "a", Make.Event())).ConfigureAwait(false)).WasDuplicate, "stored without, repeated with");
        Expect.True((await log.AppendAsync(Make.Command("with", 0, "a", Make.Event())).ConfigureAwait(false)).WasDuplicate, "stored with, repeated without");
    }

    private static async Task Repeated_command_ignores_failing_versions_and_condition(LogUnderTest log)
    {
        var append = new LogAppend
        {
            Writes = Make.Writes(new StreamWrite("a", ExpectedVersion.NoStream, Make.Numbered(1))),
            Condition = new(LogQuery.All),
            CommandId = "c",
        };
        await log.AppendAsync(append).ConfigureAwait(false);
        Expect.True((await log.AppendAsync(append).ConfigureAwait(false)).WasDuplicate, "a duplicate");
    }

    private static async Task Refused_command_is_not_stored(LogUnderTest log)
    {
        LogAppend Append(ExpectedVersion expected) => new() { Writes = Make.Writes(new StreamWrite("a", expected, Make.Numbered(1))), CommandId = "c" };
        await log.RefusesAsync<WrongExpectedVersionException>(Append(ExpectedVersion.StreamExists)).ConfigureAwait(false);
        Expect.True(!(await log.AppendAsync(Append(ExpectedVersion.NoStream)).ConfigureAwait(false)).WasDuplicate, "stored");
    }

    private static async Task Command_id_is_checked_before_event_ids(LogUnderTest log)
    {
        await log.AppendAsync("x", Make.WithIds(9)).ConfigureAwait(false);
        await log.AppendAsync(Make.Command("c", 1, "a", Make.WithIds(1))).ConfigureAwait(false);
        Expect.Equal(2, (await log.AppendAsync(Make.Command("c", 1, "a", Make.WithIds(9))).ConfigureAwait(false)).LastPosition.ToInt64(), "position");
        await log.RefusesAsync<CommandIdConflictException>(Make.Command("c", 2, "a", Make.WithIds(9))).ConfigureAwait(false);
    }

    private static async Task Command_that_repeats_events_is_stored(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.Event()).ConfigureAwait(false);
        await log.AppendAsync("a", Make.WithIds(2)).ConfigureAwait(false);
        Expect.Equal([1L, 3L], (await log.AppendAsync(Make.Command("c", 1, "a", Make.WithIds(1, 2))).ConfigureAwait(false)).Positions(), "positions");
        var again = await log.AppendAsync(Make.Command("c", 1, "a", Make.Event())).ConfigureAwait(false);
        Expect.True(again.WasDuplicate && again.Positions().SequenceEqual([1L, 3L]), "the command is known with the scattered positions");
        await log.RefusesAsync<CommandIdConflictException>(Make.Command("c", 2, "a", Make.Event())).ConfigureAwait(false);
    }

    private static async Task Repeated_command_across_streams_returns_all_ranges(LogUnderTest log)
    {
        var append = new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Numbered(2)), Make.Write("b", Make.Numbered(1)), Make.Write("a", Make.Numbered(1))), CommandId = "c" };
        var first = await log.AppendAsync(append).ConfigureAwait(false);
        var again = await log.AppendAsync(append).ConfigureAwait(false);
        Expect.Equal(first.Streams, again.Streams, "ranges");
        Expect.Equal(first.Positions(), again.Positions(), "positions");
    }

    private static async Task Same_command_from_many_concurrent_callers_is_stored_once(LogUnderTest log)
    {
        var results = await Make.TogetherAsync(8, _ => log.AppendAsync(Make.Command("c", 1, "a", Make.Event()))).ConfigureAwait(false);
        Expect.Equal(1, results.Count(r => !r.WasDuplicate), "stored");
        Expect.True(results.All(r => r.LastPosition.ToInt64() == 1), "all have the position");
    }

    private static async Task Tracking_not_above_the_stored_position_writes_nothing(LogUnderTest log)
    {
        Expect.True(!(await log.AppendAsync(Make.Tracked("s", 5, "a", Make.Event())).ConfigureAwait(false)).WasDuplicate, "the first is stored");
        foreach (var position in new[] { 5, 4, 1 })
        {
            var result = await log.AppendAsync(Make.Tracked("s", position, "a", Make.Event())).ConfigureAwait(false);
            Expect.Equal((true, 0, 1L), (result.WasDuplicate, result.Count, result.LastPosition.ToInt64()), $"result at {position}");
        }

        Expect.True(!(await log.AppendAsync(Make.Tracked("s", 9, "a", Make.Event())).ConfigureAwait(false)).WasDuplicate, "a higher one is stored, gaps allowed");
        Expect.Equal((2L, 9L), (await log.HeadAsync().ConfigureAwait(false), await log.TrackedAsync("s").ConfigureAwait(false)), "head and tracking");
    }

    private static async Task Tracking_of_sources_is_independent(LogUnderTest log)
    {
        await log.AppendAsync(Make.Tracked("s", 5, "a", Make.Event())).ConfigureAwait(false);
        await log.AppendAsync(Make.Tracked("t", 1, "a", Make.Event())).ConfigureAwait(false);
        Expect.Equal((5L, 1L, 0L), (await log.TrackedAsync("s").ConfigureAwait(false), await log.TrackedAsync("t").ConfigureAwait(false), await log.TrackedAsync("S").ConfigureAwait(false)), "tracking");
    }

    private static async Task Tracking_alone_is_stored(LogUnderTest log)
    {
        var result = await log.AppendAsync(Make.Tracked("s", 3, "a")).ConfigureAwait(false);
        Expect.Equal((0, false), (result.Count, result.WasDuplicate), "result");
        Expect.Equal(3, await log.TrackedAsync("s").ConfigureAwait(false), "tracking");
        Expect.True((await log.AppendAsync(Make.Tracked("s", 3, "a")).ConfigureAwait(false)).WasDuplicate, "the repeat is a duplicate");
    }

    private static async Task Tracking_is_advanced_by_repeats(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        await log.AppendAsync(Make.Command("c", 0, "a", Make.Event())).ConfigureAwait(false);
        await log.AppendAsync(Make.Tracked("s", 3, "a", Make.WithIds(1))).ConfigureAwait(false);
        Expect.Equal(3, await log.TrackedAsync("s").ConfigureAwait(false), "tracking after a repeat of events");
        await log.AppendAsync(new LogAppend { CommandId = "c", Tracking = new("s", 7) }).ConfigureAwait(false);
        Expect.Equal(7, await log.TrackedAsync("s").ConfigureAwait(false), "tracking after a repeat of a command");
        await log.AppendAsync(new LogAppend { CommandId = "c", Tracking = new("s", 2) }).ConfigureAwait(false);
        Expect.Equal(7, await log.TrackedAsync("s").ConfigureAwait(false), "tracking never falls");
    }

    private static async Task Tracking_is_not_advanced_by_refusals(LogUnderTest log)
    {
        await log.AppendAsync(Make.Tracked("s", 3, "a", Make.Event())).ConfigureAwait(false);
        await log.RefusesAsync<WrongExpectedVersionException>(new LogAppend
        {
            Writes = Make.Writes(new StreamWrite("a", ExpectedVersion.NoStream, Make.Numbered(1))),
            Tracking = new("s", 4),
        }).ConfigureAwait(false);
    }

    private static async Task Tracking_duplicate_leaves_its_command_unknown(LogUnderTest log)
    {
        await log.AppendAsync(Make.Tracked("s", 3, "a", Make.Event())).ConfigureAwait(false);
        var append = new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Event())), CommandId = "c", Tracking = new("s", 3) };
        Expect.True((await log.AppendAsync(append).ConfigureAwait(false)).WasDuplicate, "a duplicate");
        Expect.True(!(await log.AppendAsync(Make.Command("c", 0, "a", Make.Event())).ConfigureAwait(false)).WasDuplicate, "the command is new");
    }

    private static async Task Results_are_visible_as_records(LogUnderTest log)
    {
        var result = await log.AppendAsync(new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Numbered(2))), CommandId = "c", Fingerprint = new byte[] { 7 }, Tracking = new("s", 258) }).ConfigureAwait(false);
        var command = await log.FindRecordAsync(RecordKind.Command, "c").ConfigureAwait(false);
        var tracking = await log.FindRecordAsync(RecordKind.Tracking, "s").ConfigureAwait(false);
        Expect.Equal("0201000000000000", Convert.ToHexString(tracking!.Value.Span), "tracking as 8 bytes, little-endian");
        var stored = CommandResult.Parse("c", command!.Value);
        Expect.Equal((result.LastPosition, 7), (stored.Result.LastPosition, (int)stored.Fingerprint.Span[0]), "the command's record");
    }

    private static async Task Ids_commands_and_tracking_survive_reopening(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false);
        await log.AppendAsync("a", Make.Event(data: "own")).ConfigureAwait(false);
        await log.AppendAsync(new LogAppend { CommandId = "c", Tracking = new("s", 4) }).ConfigureAwait(false);
        var own = (await log.ReadAllAsync().ConfigureAwait(false))[1].Id;
        await log.ReopenAsync().ConfigureAwait(false);
        Expect.True((await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false)).WasDuplicate, "the caller's id is known");
        Expect.True((await log.AppendAsync("a", Make.Event(data: "own", id: own)).ConfigureAwait(false)).WasDuplicate, "the log's id is known");
        Expect.True((await log.AppendAsync(Make.Command("c", 0, "a", Make.Event())).ConfigureAwait(false)).WasDuplicate, "the command is known");
        Expect.Equal(4, await log.TrackedAsync("s").ConfigureAwait(false), "tracking");
    }
}
