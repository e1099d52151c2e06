using System.Globalization;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.StoreUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Appends of objects: everything that one append can contain.</summary>
internal static class StoreAppendCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Append_writes_to_several_streams_in_order),
        ContractCase.Of(Append_writes_to_one_stream_several_times),
        ContractCase.Of(All_unmet_expected_versions_are_named),
        ContractCase.Of(Condition_refuses_a_matching_event_after_its_position),
        ContractCase.Of(Two_conditions_refuse_by_either_query),
        ContractCase.Of(Condition_of_an_unknown_type_is_refused),
        ContractCase.Of(Tracking_stores_each_source_position_once),
        ContractCase.Of(Command_repeated_is_answered_with_the_first_result),
        ContractCase.Of(Command_with_other_content_is_refused),
        ContractCase.Of(Command_without_events_is_stored),
        ContractCase.Of(Command_is_found_by_its_id),
        ContractCase.Of(Fingerprint_given_by_the_caller_is_used),
        ContractCase.Of(Append_object_can_be_used_again),
        ContractCase.Of(Append_keeps_the_events_in_the_order_given),
        ContractCase.Of(Append_of_nothing_is_refused),
        ContractCase.Of(Invalid_append_is_refused),
        ContractCase.Of(Properties_of_an_event_are_stored),
        ContractCase.Of(Events_with_the_same_ids_are_a_repeat),
        ContractCase.Of(Id_of_another_event_is_refused),
        ContractCase.Of(Unregistered_event_type_is_refused),
        ContractCase.Of(Event_that_is_too_large_is_refused),
        ContractCase.Of(Append_larger_than_any_buffer_is_stored_completely),
        ContractCase.Of(Concurrent_appends_do_not_mix),
        ContractCase.Of(Cancelled_append_writes_nothing),
    ];

    private static async Task Append_writes_to_several_streams_in_order(StoreUnderTest store)
    {
        await store.AppendAsync("c", new Added(1)).ConfigureAwait(false);
        var result = await store.AppendAsync(new Append()
            .To("a", ExpectedVersion.NoStream, [new Added(1), new Taken(1)])
            .To("b", ExpectedVersion.Any, [new Added(2)])
            .To("d", ExpectedVersion.NoStream, [])
            .Require("c", ExpectedVersion.Exactly(1))
            .FailIf(EventQuery.Of<Taken>())).ConfigureAwait(false);
        Expect.Equal<StreamRange>([new("a", 1, 2, 2), new("b", 1, 1, 1), new("d", 1, 0, 0)], result.Streams, "what each write stored");
        Expect.Equal<long>([2, 3, 4], result.Positions(), "positions");
        Expect.Equal(2, result.Version, "the version of the first write");
        Expect.Equal<object>([new Added(1), new Taken(1)], await store.DataAsync("a").ConfigureAwait(false), "the first stream");
        Expect.Equal<object>([new Added(2)], await store.DataAsync("b").ConfigureAwait(false), "the second stream");
        Expect.True(!result.WasDuplicate, "it is no duplicate");
    }

    private static async Task Append_writes_to_one_stream_several_times(StoreUnderTest store)
    {
        var result = await store.AppendAsync(new Append()
            .To("a", ExpectedVersion.NoStream, [new Added(1)])
            .To("b", ExpectedVersion.Any, [new Added(2)])
            .To("a", ExpectedVersion.NoStream, [new Added(3)])).ConfigureAwait(false);
        Expect.Equal(2, result.VersionOf("a"), "the version after both writes");
        Expect.Equal<object>([new Added(1), new Added(3)], await store.DataAsync("a").ConfigureAwait(false), "the stream");
        Expect.Equal<long>([1, 3], await PositionsAsync(store.Store.ReadStreamAsync("a")).ConfigureAwait(false), "positions in the append's order");
    }

    private static async Task All_unmet_expected_versions_are_named(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        var refusal = await store.RefusesAsync<WrongExpectedVersionException>(new Append()
            .To("a", ExpectedVersion.NoStream, [new Added(1)])
            .To("b", ExpectedVersion.Any, [new Added(1)])
            .Require("c", ExpectedVersion.StreamExists)
            .Require("a", ExpectedVersion.Exactly(2))).ConfigureAwait(false);
        Expect.Equal<VersionMismatch>(
            [new("a", ExpectedVersion.NoStream, 1), new("c", ExpectedVersion.StreamExists, 0), new("a", ExpectedVersion.Exactly(2), 1)], refusal.Mismatches, "all that failed");
    }

    private static async Task Condition_refuses_a_matching_event_after_its_position(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1), new Taken(1)).ConfigureAwait(false);
        var refusal = await store.RefusesAsync<AppendConditionFailedException>(
            new Append().To("b", ExpectedVersion.Any, [new Added(1)]).FailIf(EventQuery.Of<Taken>(), At(1))).ConfigureAwait(false);
        Expect.Equal(2, refusal.Conflict.ToInt64(), "where the matching event is");
        await store.AppendAsync(new Append().To("b", ExpectedVersion.Any, [new Taken(1)]).FailIf(EventQuery.Of<Taken>(), At(2))).ConfigureAwait(false);
        await store.RefusesAsync<PositionOutOfRangeException>(new Append().To("b", ExpectedVersion.Any, [new Added(1)]).FailIf(EventQuery.Of<Taken>(), At(4))).ConfigureAwait(false);
    }

    private static async Task Two_conditions_refuse_by_either_query(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1), new Taken(1)).ConfigureAwait(false);
        foreach (var query in new[] { EventQuery.Of<Added>(), EventQuery.Of<Taken>() })
        {
            var append = new Append().To("b", ExpectedVersion.Any, [new Added(1)]);
            await store.RefusesAsync<AppendConditionFailedException>(append.FailIf(query).FailIf(EventQuery.Of<Labelled>())).ConfigureAwait(false);
            await Expect.ThrowsAsync<InvalidOperationException>(() => Task.FromResult(append.FailIf(query, At(1))), "another position").ConfigureAwait(false);
        }
    }

    private static Task Condition_of_an_unknown_type_is_refused(StoreUnderTest store) =>
        store.RefusesAsync<UnknownEventTypeException>(new Append().To("a", ExpectedVersion.Any, [new Added(1)]).FailIf(EventQuery.Of<string>()));

    private static async Task Tracking_stores_each_source_position_once(StoreUnderTest store)
    {
        var first = await store.AppendAsync(Tracked(5)).ConfigureAwait(false);
        Expect.True(!first.WasDuplicate, "the first is stored");
        foreach (var position in new[] { 5, 4 })
        {
            var repeat = await store.ChangesNothingAsync(() => store.AppendAsync(Tracked(position))).ConfigureAwait(false);
            Expect.True(repeat.WasDuplicate, "what is not above is a duplicate");
        }

        await store.AppendAsync(new Append().Track("source", 9)).ConfigureAwait(false);
        Expect.True((await store.AppendAsync(Tracked(8)).ConfigureAwait(false)).WasDuplicate, "tracking without events counts");
        await Expect.ThrowsAsync<InvalidOperationException>(() => Task.FromResult(Tracked(1).Track("other", 1)), "tracking given twice").ConfigureAwait(false);
        await store.RefusesAsync<ArgumentOutOfRangeException>(Tracked(0)).ConfigureAwait(false);

        static Append Tracked(long position) => new Append().To("a", ExpectedVersion.Any, [new Added(1)]).Track("source", position);
    }

    private static async Task Command_repeated_is_answered_with_the_first_result(StoreUnderTest store)
    {
        var first = await store.AppendAsync(new Append { CommandId = "c", Metadata = new() { Actor = "ann" } }.To("a", ExpectedVersion.NoStream, [new Added(1), new Added(2)])).ConfigureAwait(false);
        await store.AppendAsync("a", new Taken(1)).ConfigureAwait(false);
        var again = new Append { CommandId = "c", Metadata = new() { Actor = "bob" } }.To("a", ExpectedVersion.NoStream, [new EventData(new Added(1)).At(DateTimeOffset.UnixEpoch), new Added(2)]);
        var second = await store.ChangesNothingAsync(() => store.AppendAsync(again)).ConfigureAwait(false);
        Expect.True(second.WasDuplicate && !first.WasDuplicate, "the second is a duplicate");
        Expect.Equal(first.Positions, second.Positions, "positions of the first");
        Expect.Equal(first.Streams, second.Streams, "streams of the first");
    }

    private static async Task Command_with_other_content_is_refused(StoreUnderTest store)
    {
        var first = await store.AppendAsync(new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(1), new Added(23)])).ConfigureAwait(false);
        var others = new[]
        {
            new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(1), new Added(24)]),
            new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(1)]),
            new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(23), new Added(1)]),
            new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(1), new Added(23), new Added(1)]),
            new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(1), new Taken(23)]),
            new Append { CommandId = "c" }.To("b", ExpectedVersion.Any, [new Added(1), new Added(23)]),
            new Append { CommandId = "c" },
        };
        foreach (var other in others)
        {
            var refusal = await store.RefusesAsync<CommandIdConflictException>(other).ConfigureAwait(false);
            Expect.Equal(("c", first.LastPosition), (refusal.CommandId, refusal.First.LastPosition), "the first use");
        }
    }

    private static async Task Command_without_events_is_stored(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        var first = await store.AppendAsync(new Append { CommandId = "c" }.To("a", ExpectedVersion.Exactly(1), [])).ConfigureAwait(false);
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        var second = await store.AppendAsync(new Append { CommandId = "c" }.To("a", ExpectedVersion.Exactly(1), [])).ConfigureAwait(false);
        Expect.Equal((0, 1L, 1L, true), (second.Count, second.VersionOf("a"), second.LastPosition.ToInt64(), second.WasDuplicate), "the first result");
        Expect.Equal((0, 1L, 1L, false), (first.Count, first.VersionOf("a"), first.LastPosition.ToInt64(), first.WasDuplicate), "the result at first");
    }

    private static async Task Command_is_found_by_its_id(StoreUnderTest store)
    {
        Expect.Equal(null, await store.Store.FindCommandAsync("c").ConfigureAwait(false), "before");
        var result = await store.AppendAsync(new Append { CommandId = "c" }.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        var found = await store.Store.FindCommandAsync("c").ConfigureAwait(false);
        Expect.Equal(result.Positions, found!.Result.Positions, "positions");
        Expect.Equal(null, await store.Store.FindCommandAsync("C").ConfigureAwait(false), "ids are compared by ordinal");
        await Expect.ThrowsAsync<ArgumentException>(() => store.Store.FindCommandAsync("").AsTask(), "an empty id").ConfigureAwait(false);
    }

    private static async Task Fingerprint_given_by_the_caller_is_used(StoreUnderTest store)
    {
        await store.AppendAsync(Command("c", [1], 1)).ConfigureAwait(false);
        Expect.True((await store.AppendAsync(Command("c", [1], 2)).ConfigureAwait(false)).WasDuplicate, "the same fingerprint is a repeat whatever the events");
        Expect.True((await store.AppendAsync(Command("c", [], 3)).ConfigureAwait(false)).WasDuplicate, "without a fingerprint the id alone decides");
        await store.RefusesAsync<CommandIdConflictException>(Command("c", [2], 1)).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(Command("d", new byte[65], 1)).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(new Append { Fingerprint = new byte[1] }.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);

        static Append Command(string id, byte[] fingerprint, int count) =>
            new Append { CommandId = id, Fingerprint = fingerprint }.To("a", ExpectedVersion.Any, [new Added(count)]);
    }

    private static async Task Append_object_can_be_used_again(StoreUnderTest store)
    {
        var append = new Append().To("a", ExpectedVersion.Any, [new Added(1)]);
        await store.AppendAsync(append).ConfigureAwait(false);
        await store.AppendAsync(append.To("b", ExpectedVersion.Any, [new Added(2)])).ConfigureAwait(false);
        Expect.Equal<object>([new Added(1), new Added(1)], await store.DataAsync("a").ConfigureAwait(false), "the stream");
    }

    private static async Task Append_keeps_the_events_in_the_order_given(StoreUnderTest store)
    {
        var events = new List<object> { new Added(1) };
        var append = new Append().To("a", ExpectedVersion.Any, events);
        events.Add(new Added(2));
        await store.AppendAsync(append).ConfigureAwait(false);
        Expect.Equal<object>([new Added(1)], await store.DataAsync("a").ConfigureAwait(false), "the stream");
        await store.Store.AppendAsync("b", ExpectedVersion.Any, events.Select(e => e)).ConfigureAwait(false);
        await store.Store.AppendAsync("c", ExpectedVersion.Any, new List<Added> { new(1), new(2) }).ConfigureAwait(false);
        foreach (var stream in new StreamId[] { "b", "c" })
            Expect.Equal<object>([new Added(1), new Added(2)], await store.DataAsync(stream).ConfigureAwait(false), "events of any enumerable");
    }

    private static async Task Append_of_nothing_is_refused(StoreUnderTest store)
    {
        await store.RefusesAsync<ArgumentException>(new Append()).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(new Append().Require("a", ExpectedVersion.NoStream).FailIf(EventQuery.Of<Added>())).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(new Append().To("a", ExpectedVersion.Any, [])).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>("a").ConfigureAwait(false);
        await store.RefusesAsync<ArgumentNullException>((Append)null!).ConfigureAwait(false);
    }

    private static async Task Invalid_append_is_refused(StoreUnderTest store)
    {
        await store.RefusesAsync<ArgumentNullException>("a", new Added(1), null!).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>("a", EventData.For("b", new Added(1))).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(default(StreamId), new Added(1)).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>("a", new EventData(new Added(1)).WithId(Guid.Empty)).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>("a", new EventData(new Added(1)) { Tags = [default] }).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(new Append { CommandId = "" }.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(new Append { Metadata = new() { CorrelationId = "a\n" } }.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => Task.FromResult(new Append().Require(default, ExpectedVersion.Any)), "a requirement on no stream").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => Task.FromResult(new EventData(new EventData(new Added(1)))), "an event wrapped twice").ConfigureAwait(false);
    }

    private static async Task Properties_of_an_event_are_stored(StoreUnderTest store)
    {
        var time = new DateTimeOffset(2025, 12, 31, 23, 59, 59, TimeSpan.FromHours(2)).AddTicks(1_234_567);
        await store.AppendAsync("a", EventData.For("a", new Added(1)).WithId(Make.Id(1)).At(time).Tagged("x", "1").Tagged("y", "2")).ConfigureAwait(false);
        var e = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal(new Added(1), e.Data, "the event");
        Expect.Equal(Make.Id(1), e.EventId, "the id");
        Expect.Equal(time.AddTicks(-7).UtcDateTime, e.OccurredAt!.Value.DateTime, "when it happened, in UTC to the microsecond");
        Expect.Equal(TimeSpan.Zero, e.OccurredAt.Value.Offset, "the offset");
        Expect.Equal<Tag>([new("x", "1"), new("y", "2")], e.Tags, "tags in the order given");
    }

    private static async Task Events_with_the_same_ids_are_a_repeat(StoreUnderTest store)
    {
        var first = await store.AppendAsync("a", new EventData(new Added(1)).WithId(Make.Id(1)), new EventData(new Added(2)).WithId(Make.Id(2))).ConfigureAwait(false);
        await store.AppendAsync("a", new Added(3)).ConfigureAwait(false);
        var second = await store.ChangesNothingAsync(() => store.AppendAsync("a", new EventData(new Added(1)).WithId(Make.Id(1)), new EventData(new Added(2)).WithId(Make.Id(2)).Tagged("x", "1"))).ConfigureAwait(false);
        Expect.True(second.WasDuplicate, "the second is a duplicate");
        Expect.Equal(first.Positions, second.Positions, "positions of the first");
    }

    private static async Task Id_of_another_event_is_refused(StoreUnderTest store)
    {
        await store.AppendAsync("a", new EventData(new Added(1)).WithId(Make.Id(1))).ConfigureAwait(false);
        var refusal = await store.RefusesAsync<DuplicateEventException>("a", new EventData(new Added(2)).WithId(Make.Id(1))).ConfigureAwait(false);
        Expect.Equal((Make.Id(1), 1L), (refusal.EventId, refusal.Position.ToInt64()), "the id and where it is");
        await store.RefusesAsync<DuplicateEventException>("b", new EventData(new Added(1)).WithId(Make.Id(1))).ConfigureAwait(false);
        await store.RefusesAsync<DuplicateEventException>("b", new EventData(new Added(1)).WithId(Make.Id(2)), new EventData(new Added(1)).WithId(Make.Id(2))).ConfigureAwait(false);
    }

    private static async Task Unregistered_event_type_is_refused(StoreUnderTest store)
    {
        var refusal = await store.RefusesAsync<UnknownEventTypeException>("a", new Added(1), "text").ConfigureAwait(false);
        Expect.Equal(("System.String", new StreamId("a")), (refusal.Type, refusal.StreamId), "type and stream");
        await store.RefusesAsync<UnknownEventTypeException>("a", new AddedMore(1)).ConfigureAwait(false);
    }

    private static async Task Event_that_is_too_large_is_refused(StoreUnderTest store)
    {
        var limits = new LogLimits();
        var refusal = await store.RefusesAsync<EventTooLargeException>("a", new Added(1), new Added(2, new string('x', (int)limits.MaxEventBytes))).ConfigureAwait(false);
        Expect.Equal(limits.MaxEventBytes, refusal.Limit, "the limit");
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        Expect.Equal<object>([new Added(1)], await store.DataAsync("a").ConfigureAwait(false), "the store is still usable");
    }

    private static async Task Append_larger_than_any_buffer_is_stored_completely(StoreUnderTest store)
    {
        object[] events = [.. Enumerable.Range(1, 300).Select(i => new Added(i, new string((char)('a' + (i % 26)), i * 40)))];
        await store.AppendAsync("a", events).ConfigureAwait(false);
        await store.AppendAsync("b", new Added(1)).ConfigureAwait(false);
        Expect.Equal<object>(events, await store.DataAsync("a").ConfigureAwait(false), "the events");
        Expect.Equal<object>([new Added(1)], await store.DataAsync("b").ConfigureAwait(false), "the append after it");
    }

    private static async Task Concurrent_appends_do_not_mix(StoreUnderTest store)
    {
        const int Writers = 20;
        await Parallel.ForAsync(0, Writers, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (writer, _) =>
        {
            for (var i = 0; i < 10; i++)
                await store.AppendAsync(Stream(writer), new EventData(new Added(writer, new string('x', writer * 7))).Tagged("writer", Text(writer)), new Taken(i)).ConfigureAwait(false);
        }).ConfigureAwait(false);
        for (var writer = 0; writer < Writers; writer++)
        {
            var events = await ToListAsync(store.Store.ReadStreamAsync(Stream(writer))).ConfigureAwait(false);
            Expect.Equal(20, events.Count, "events of the writer");
            for (var i = 0; i < 20; i += 2)
            {
                Expect.Equal(new Added(writer, new string('x', writer * 7)), events[i].Data, "the writer's event");
                Expect.Equal<Tag>([new("writer", Text(writer))], events[i].Tags, "the writer's tag");
                Expect.Equal(new Taken(i / 2), events[i + 1].Data, "the writer's second event");
            }
        }

        static string Text(int writer) => writer.ToString(CultureInfo.InvariantCulture);
        static StreamId Stream(int writer) => "writer-" + Text(writer);
    }

    private static async Task Cancelled_append_writes_nothing(StoreUnderTest store)
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync().ConfigureAwait(false);
        await store.RefusesAsync<OperationCanceledException>(() => store.Store.AppendAsync("a", ExpectedVersion.Any, [new Added(1)], cancelled.Token).AsTask()).ConfigureAwait(false);
    }
}
