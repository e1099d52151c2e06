using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.StoreUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Reads of objects: selection, bounds, maximum count and head.</summary>
internal static class StoreReadCases
{
    private const int Count = 10;

    private static readonly ReadDirection[] Directions = Enum.GetValues<ReadDirection>();

    private static readonly (string Name, EventQuery Query, long[] Positions)[] Queries =
    [
        ("every_event", EventQuery.All, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("one_type", EventQuery.Of<Taken>(), [2, 4, 6, 8, 10]),
        ("two_types", EventQuery.Of<Taken, Added>(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("a_type_not_stored", EventQuery.Of<Labelled>(), []),
        ("a_stored_name", EventQuery.OfTypes("taken"), [2, 4, 6, 8, 10]),
        ("a_name_without_an_entry", EventQuery.OfTypes("other"), []),
        ("a_type_and_a_tag", EventQuery.Of<Taken>().Tagged("third", "yes"), [6]),
        ("a_tag", EventQuery.All.Tagged("third", "yes"), [3, 6, 9]),
        ("a_category", EventQuery.All.InCategory("half"), [1, 2, 3, 4, 5]),
        ("a_stream_and_a_type", EventQuery.All.InStream("half-2").Or(EventQuery.Of<Added>()), [1, 3, 5, 7, 9]),
        ("alternatives", EventQuery.Of<Taken>().InStream("half-1").Or(EventQuery.Of<Added>().Tagged("third", "yes")), [2, 3, 4, 9]),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. from direction in Directions from query in Queries select new ContractCase($"Events_of_{query.Name}_are_read_{direction}", log => ReadsQuery(new(log), direction, query.Query, query.Positions)),
        .. Directions.Select(direction => new ContractCase($"Stream_is_read_between_versions_{direction}", log => ReadsBetweenVersions(new(log), direction))),
        .. Directions.Select(direction => new ContractCase($"Log_is_read_between_positions_{direction}", log => ReadsBetweenPositions(new(log), direction))),
        .. Directions.Select(direction => new ContractCase($"Count_is_taken_after_every_filter_{direction}", log => CountsAfterFilters(new(log), direction))),
        .. Directions.Select(direction => new ContractCase($"Sequence_enumerated_again_gives_the_same_{direction}", log => EnumeratesAgain(new(log), direction))),
        ContractCase.Of(Event_is_read_with_all_its_properties),
        ContractCase.Of(Stream_can_be_read_by_a_query),
        ContractCase.Of(Filters_must_all_hold),
        ContractCase.Of(Head_is_returned_when_nothing_matches),
        ContractCase.Of(Head_asked_for_first_bounds_the_read),
        ContractCase.Of(Running_read_ends_at_its_head),
        ContractCase.Of(Read_from_beyond_the_head_is_refused),
        ContractCase.Of(Invalid_read_is_refused),
        ContractCase.Of(Query_of_an_unregistered_type_is_refused),
        ContractCase.Of(Stream_without_events_is_empty),
        ContractCase.Of(Stream_info_is_returned_without_reading_events),
        ContractCase.Of(Wait_ends_with_the_next_event),
        ContractCase.Of(Read_is_ended_by_its_cancellation_token),
        ContractCase.Of(Read_is_ended_by_either_token),
        ContractCase.Of(Options_changed_after_the_read_was_made_have_no_effect),
    ];

    /// <summary>Appends ten events, five to half-1 and then five to whole. Every third is tagged; odd ones are of type added, even ones of type taken.</summary>
    private static async Task FillAsync(StoreUnderTest store)
    {
        for (var i = 1; i <= Count; i++)
        {
            object e = i % 2 == 0 ? new Taken(i) : new Added(i);
            if (i % 3 == 0) e = new EventData(e).Tagged("third", "yes");
            var append = new Append { Metadata = new() { Actor = i % 2 == 0 ? "ann" : "bob", CorrelationId = i <= 4 ? "early" : "late" } };
            await store.AppendAsync(append.To(i <= 5 ? "half-1" : "whole", ExpectedVersion.Any, [e])).ConfigureAwait(false);
        }
    }

    private static IEnumerable<long> In(ReadDirection direction, IEnumerable<long> ascending) => direction == ReadDirection.Forward ? ascending : ascending.Reverse();

    private static async Task ReadsQuery(StoreUnderTest store, ReadDirection direction, EventQuery query, long[] positions)
    {
        await FillAsync(store).ConfigureAwait(false);
        var found = await PositionsAsync(store.Store.ReadAllAsync(query, new() { Direction = direction })).ConfigureAwait(false);
        Expect.Equal(In(direction, positions), found, "positions");
        foreach (var count in new[] { 1, 2, 100 })
        {
            found = await PositionsAsync(store.Store.ReadAllAsync(query, new() { Direction = direction, MaxCount = count })).ConfigureAwait(false);
            Expect.Equal(In(direction, positions).Take(count), found, $"the first {count}");
        }
    }

    // Every range of a stream of five events, beyond its end included: the same range whichever way it is read.
    private static async Task ReadsBetweenVersions(StoreUnderTest store, ReadDirection direction)
    {
        await FillAsync(store).ConfigureAwait(false);
        for (var after = 0L; after <= 7; after++)
            foreach (var through in new long?[] { null, 0, 1, 2, 3, 4, 5, 6, 7 })
            {
                ReadStreamOptions Options(long? count) => new() { Direction = direction, AfterVersion = after, ThroughVersion = through, MaxCount = count };
                var range = $"versions after {after} through {through}";
                if (through < after)
                {
                    await RefusesRange(() => store.Store.ReadStreamAsync("whole", Options(null)), $"AfterVersion {after}", $"ThroughVersion {through}").ConfigureAwait(false);
                    continue;
                }

                var expected = In(direction, Make.CountTo(5).Where(v => v > after && v <= (through ?? 5)));
                var found = await ToListAsync(store.Store.ReadStreamAsync("whole", Options(null))).ConfigureAwait(false);
                Expect.Equal(expected, found.Select(e => e.Version), range);
                found = await ToListAsync(store.Store.ReadStreamAsync("whole", Options(2))).ConfigureAwait(false);
                Expect.Equal(expected.Take(2), found.Select(e => e.Version), "two " + range);
            }
    }

    // Every range of a log of ten events; the places come as positions and as tokens.
    private static async Task ReadsBetweenPositions(StoreUnderTest store, ReadDirection direction)
    {
        await FillAsync(store).ConfigureAwait(false);
        ResumeToken[] tokens = [ResumeToken.Start, .. (await ToListAsync(store.Store.ReadAllAsync()).ConfigureAwait(false)).Select(e => e.ResumeToken)];
        for (var after = 0; after <= Count; after++)
            foreach (var through in new long?[] { null, 0, 1, 3, 4, 7, 10, 99 })
                foreach (var isToken in new[] { false, true })
                {
                    ReadAllOptions Options(long? count) => new()
                    {
                        Direction = direction,
                        AfterPosition = isToken ? null : At(after),
                        AfterToken = isToken ? tokens[after] : default,
                        ThroughPosition = through is { } t ? At(t) : null,
                        MaxCount = count,
                    };
                    var range = $"after {after} through {through}";
                    if (through < after)
                    {
                        var bound = isToken ? "AfterToken" : "AfterPosition";
                        await RefusesRange(() => store.Store.ReadAllAsync(null, Options(null)), $"{bound} {after}", $"ThroughPosition {through}").ConfigureAwait(false);
                        continue;
                    }

                    var expected = In(direction, Make.CountTo(Count).Where(p => p > after && p <= (through ?? Count)));
                    Expect.Equal(expected, await PositionsAsync(store.Store.ReadAllAsync(null, Options(null))).ConfigureAwait(false), range);
                    Expect.Equal(expected.Take(2), await PositionsAsync(store.Store.ReadAllAsync(null, Options(2))).ConfigureAwait(false), "two " + range);
                }
    }

    private static async Task RefusesRange(Func<EventSequence> read, string after, string through)
    {
        var refusal = await Expect.ThrowsAsync<ArgumentException>(() => Task.FromResult(read()), $"the read with {after} and {through}").ConfigureAwait(false);
        Expect.True(refusal.Message.Contains(after, StringComparison.Ordinal) && refusal.Message.Contains(through, StringComparison.Ordinal), $"'{refusal.Message}' names {after} and {through}");
    }

    private static async Task CountsAfterFilters(StoreUnderTest store, ReadDirection direction)
    {
        await FillAsync(store).ConfigureAwait(false);
        var filter = EventFilter.Actor("ann").And(EventFilter.Where(e => e.Data is Taken { Count: > 2 }));
        for (var count = 1; count <= 5; count++)
        {
            var sequence = store.Store.ReadAllAsync(null, new() { Direction = direction, Filter = filter, MaxCount = count });
            Expect.Equal(In(direction, [4, 6, 8, 10]).Take(count), await PositionsAsync(sequence).ConfigureAwait(false), $"{count} of the log");
            var stream = store.Store.ReadStreamAsync("whole", new() { Direction = direction, Filter = filter, MaxCount = count });
            Expect.Equal(In(direction, [6, 8, 10]).Take(count), await PositionsAsync(stream).ConfigureAwait(false), $"{count} of the stream");
        }
    }

    private static async Task EnumeratesAgain(StoreUnderTest store, ReadDirection direction)
    {
        await FillAsync(store).ConfigureAwait(false);
        var sequences = new[]
        {
            store.Store.ReadAllAsync(EventQuery.Of<Added>(), new() { Direction = direction }),
            store.Store.ReadAllAsync(null, new() { Direction = direction, MaxCount = 3 }),
            store.Store.ReadStreamAsync("whole", new() { Direction = direction }),
            store.Store.ReadStreamAsync("whole", new() { Direction = direction, MaxCount = 2 }),
        };
        var first = new List<long[]>();
        foreach (var sequence in sequences) first.Add(await PositionsAsync(sequence).ConfigureAwait(false));
        await FillAsync(store).ConfigureAwait(false);
        for (var i = 0; i < sequences.Length; i++)
        {
            Expect.Equal(first[i], await PositionsAsync(sequences[i]).ConfigureAwait(false), "the second enumeration");
            Expect.Equal(Count, (await sequences[i].GetHeadAsync().ConfigureAwait(false)).ToInt64(), "the head");
        }
    }

    private static async Task Event_is_read_with_all_its_properties(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        store.Log.Clock.Advance(TimeSpan.FromHours(1));
        var result = await store.AppendAsync("a", new Added(2, "note")).ConfigureAwait(false);
        var raw = (await store.Log.ReadStreamAsync("a").ConfigureAwait(false))[1];
        var e = (await ToListAsync(store.Store.ReadStreamAsync("a")).ConfigureAwait(false))[1];
        Expect.Equal((new Added(2, "note"), "added", 2L), (e.Data, e.Type, e.Version), "event, type and version");
        Expect.Equal((new StreamId("a"), result.LastPosition, raw.Id), (e.StreamId, e.Position, e.EventId), "stream, position and id");
        var now = store.Log.Clock.Now;
        Expect.Equal(now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)), e.Timestamp, "the log's time to the microsecond");
        Expect.Equal("a@2 added", e.ToString(), "text");
    }

    private static async Task Stream_can_be_read_by_a_query(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        var taken = store.Store.ReadStreamAsync("whole", new() { Filter = EventQuery.Of<Taken>(), MaxCount = 2 });
        Expect.Equal<long>([6, 8], await PositionsAsync(taken).ConfigureAwait(false), "by type");
        var backward = store.Store.ReadStreamAsync("whole", new() { Filter = EventQuery.All.Tagged("third", "yes"), Direction = ReadDirection.Backward });
        Expect.Equal<long>([9, 6], await PositionsAsync(backward).ConfigureAwait(false), "by tag");
        var elsewhere = store.Store.ReadStreamAsync("whole", new() { Filter = EventQuery.All.InStream("half-1") });
        Expect.Equal<long>([], await PositionsAsync(elsewhere).ConfigureAwait(false), "of another stream");
    }

    private static async Task Filters_must_all_hold(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        foreach (var (filter, expected) in new (EventFilter, long[])[]
        {
            (EventFilter.All, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            (EventFilter.Actor("ann"), [2, 4, 6, 8, 10]),
            (EventFilter.Actor("Ann"), []),
            (EventFilter.Correlation("early"), [1, 2, 3, 4]),
            (EventFilter.Actor("ann").And(EventFilter.Correlation("late")), [6, 8, 10]),
            (EventFilter.Where(e => e.Tags.Count > 0), [3, 6, 9]),
            (EventFilter.Actor("bob").And(EventFilter.Correlation("late")).And(EventFilter.Where(e => e.Version > 2)), [5, 9]),
            (EventFilter.Where(e => e.Version > 2).And(EventFilter.Where(e => e.Tags.Count > 0)), [3, 9]),
            (EventQuery.Of<Taken>(), [2, 4, 6, 8, 10]),
            (EventFilter.Of<Taken>().And(EventFilter.Stream("whole")), [6, 8, 10]),
            (EventFilter.Stream("whole").And(EventFilter.Of<Taken>()).And(EventFilter.Tag("third", "yes")), [6]),
        })
            Expect.Equal(expected, await PositionsAsync(store.Store.ReadAllAsync(null, new() { Filter = filter })).ConfigureAwait(false), $"{filter}");
    }

    private static async Task Head_is_returned_when_nothing_matches(StoreUnderTest store)
    {
        var empty = store.Store.ReadAllAsync();
        Expect.Equal(GlobalPosition.Start, await empty.GetHeadAsync().ConfigureAwait(false), "the head of an empty log");
        Expect.Equal(GlobalPosition.Start, await store.Store.GetHeadAsync().ConfigureAwait(false), "the same");
        await FillAsync(store).ConfigureAwait(false);
        Expect.Equal<long>([], await PositionsAsync(empty).ConfigureAwait(false), "the empty log, read later");
        foreach (var nothing in new[]
        {
            store.Store.ReadAllAsync(EventQuery.Of<Labelled>()),
            store.Store.ReadAllAsync(null, new() { AfterPosition = At(Count) }),
            store.Store.ReadStreamAsync("none"),
            store.Store.ReadStreamAsync("whole", new() { AfterVersion = 98 }),
        })
        {
            Expect.Equal<long>([], await PositionsAsync(nothing).ConfigureAwait(false), "positions");
            Expect.Equal(At(Count), await nothing.GetHeadAsync().ConfigureAwait(false), "the head");
        }

        Expect.Equal(At(Count), await store.Store.GetHeadAsync().ConfigureAwait(false), "the log's head");
    }

    private static async Task Head_asked_for_first_bounds_the_read(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        var log = store.Store.ReadAllAsync();
        var stream = store.Store.ReadStreamAsync("whole", new() { Direction = ReadDirection.Backward });
        await log.GetHeadAsync().ConfigureAwait(false);
        await stream.GetHeadAsync().ConfigureAwait(false);
        await store.AppendAsync("whole", new Added(11)).ConfigureAwait(false);
        Expect.Equal(Make.CountTo(Count), await PositionsAsync(log).ConfigureAwait(false), "the log");
        Expect.Equal<long>([10, 9, 8, 7, 6], await PositionsAsync(stream).ConfigureAwait(false), "the stream");
        Expect.Equal(At(Count), await log.GetHeadAsync().ConfigureAwait(false), "the head");
    }

    private static async Task Running_read_ends_at_its_head(StoreUnderTest store)
    {
        const int Pages = LogRead.MaxPage + 1;
        await store.AppendAsync("a", [.. Enumerable.Range(1, Pages).Select(i => new Taken(i))]).ConfigureAwait(false);
        foreach (var sequence in new[] { store.Store.ReadAllAsync(), store.Store.ReadStreamAsync("a") })
        {
            var (read, head) = (0L, await store.Store.GetHeadAsync().ConfigureAwait(false));
            await foreach (var e in sequence.ConfigureAwait(false))
                if (++read == 1) await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
            Expect.Equal(head.ToInt64(), read, "events read");
            Expect.Equal(head, await sequence.GetHeadAsync().ConfigureAwait(false), "the head");
        }
    }

    private static async Task Read_from_beyond_the_head_is_refused(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        foreach (var direction in Directions)
        {
            var sequence = store.Store.ReadAllAsync(null, new() { AfterPosition = At(11), Direction = direction });
            var refusal = await Expect.ThrowsAsync<PositionOutOfRangeException>(() => ToListAsync(sequence), "the read").ConfigureAwait(false);
            Expect.Equal((11L, 10L), (refusal.Position.ToInt64(), refusal.Head.ToInt64()), "position and head");
        }
    }

    private static async Task Invalid_read_is_refused(StoreUnderTest store)
    {
        foreach (var call in new Func<EventSequence>[]
        {
            () => store.Store.ReadStreamAsync("a", new() { AfterVersion = -1 }),
            () => store.Store.ReadStreamAsync("a", new() { Direction = (ReadDirection)7 }),
            () => store.Store.ReadAllAsync(null, new() { Direction = (ReadDirection)7 }),
            () => store.Store.ReadStreamAsync("a", new() { MaxCount = 0 }),
            () => store.Store.ReadAllAsync(null, new() { MaxCount = 0 }),
        })
            await Expect.ThrowsAsync<ArgumentOutOfRangeException>(() => Task.FromResult(call()), "the read").ConfigureAwait(false);
        await RefusesRange(() => store.Store.ReadStreamAsync("a", new() { ThroughVersion = -1 }), "AfterVersion 0", "ThroughVersion -1").ConfigureAwait(false);
        var (early, late) = (DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddTicks(1));
        await RefusesRange(() => store.Store.ReadAllAsync(null, new() { FromTimestamp = late, ThroughTimestamp = early }), $"FromTimestamp {late:O}", $"ThroughTimestamp {early:O}").ConfigureAwait(false);
        var fold = await Expect.ThrowsAsync<ArgumentException>(
            () => store.Store.FoldStreamAsync("a", () => 0, static (count, _) => count + 1, afterVersion: 3, throughVersion: 2).AsTask(), "a fold of no range").ConfigureAwait(false);
        Expect.True(fold.Message.Contains("afterVersion 3", StringComparison.Ordinal) && fold.Message.Contains("throughVersion 2", StringComparison.Ordinal), $"'{fold.Message}' names both");
        await Expect.ThrowsAsync<ArgumentException>(() => Task.FromResult(store.Store.ReadStreamAsync(default)), "a read of no stream").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => store.Store.GetStreamInfoAsync(default).AsTask(), "the state of no stream").ConfigureAwait(false);
    }

    private static async Task Query_of_an_unregistered_type_is_refused(StoreUnderTest store)
    {
        await Expect.ThrowsAsync<UnknownEventTypeException>(() => Task.FromResult(store.Store.ReadAllAsync(EventQuery.Of<Added, string>())), "a read of the log").ConfigureAwait(false);
        await Expect.ThrowsAsync<UnknownEventTypeException>(() => Task.FromResult(store.Store.ReadStreamAsync("a", new() { Filter = EventQuery.Of<string>() })), "a read of a stream").ConfigureAwait(false);
    }

    private static async Task Stream_without_events_is_empty(StoreUnderTest store)
    {
        Expect.Equal<object>([], await store.DataAsync("none").ConfigureAwait(false), "events");
        Expect.Equal(new StreamInfo("none", 0, GlobalPosition.Start, null), await store.Store.GetStreamInfoAsync("none").ConfigureAwait(false), "state");
    }

    private static async Task Stream_info_is_returned_without_reading_events(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        await store.Log.AppendAsync("half-1", Make.Event("unknown")).ConfigureAwait(false);
        var state = await store.Store.GetStreamInfoAsync("half-1").ConfigureAwait(false);
        var last = (await store.Log.ReadStreamAsync("half-1").ConfigureAwait(false))[^1];
        Expect.Equal(new StreamInfo("half-1", 6, At(11), last.Timestamp), state, "state");
        Expect.True(state.Exists, "it exists");
    }

    private static async Task Wait_ends_with_the_next_event(StoreUnderTest store)
    {
        var wait = store.Store.WaitForEventsAsync(GlobalPosition.Start).AsTask();
        Expect.True(!wait.IsCompleted, "the wait is on");
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        await wait.WaitAsync(Signal.Patience).ConfigureAwait(false);
        await store.Store.WaitForEventsAsync(GlobalPosition.Start).ConfigureAwait(false);
        await Expect.ThrowsAsync<PositionOutOfRangeException>(() => store.Store.WaitForEventsAsync(At(2)).AsTask(), "a wait beyond the head").ConfigureAwait(false);
    }

    private static async Task Options_changed_after_the_read_was_made_have_no_effect(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        var (all, stream) = (new ReadAllOptions { AfterPosition = At(8) }, new ReadStreamOptions { AfterVersion = 3 });
        var (log, whole) = (store.Store.ReadAllAsync(null, all), store.Store.ReadStreamAsync("whole", stream));
        (all.AfterPosition, all.MaxCount, all.Direction) = (null, 1, ReadDirection.Backward);
        (stream.AfterVersion, stream.MaxCount, stream.Direction) = (0, 1, ReadDirection.Backward);
        Expect.Equal<long>([9, 10], await PositionsAsync(log).ConfigureAwait(false), "the log");
        Expect.Equal<long>([9, 10], await PositionsAsync(whole).ConfigureAwait(false), "the stream");
    }

    private static async Task Read_is_ended_by_either_token(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        using var cancelled = new CancellationTokenSource();
        using var other = new CancellationTokenSource();
        await cancelled.CancelAsync().ConfigureAwait(false);
        EventSequence[] Sequences(CancellationToken token) => [store.Store.ReadAllAsync(cancellationToken: token), store.Store.ReadStreamAsync("whole", cancellationToken: token)];
        foreach (var (own, with) in new[] { (cancelled, default), (default, cancelled), (cancelled, other), (other, cancelled), (cancelled, cancelled) })
            foreach (var sequence in Sequences(own?.Token ?? default))
            {
                await Expect.ThrowsAsync<OperationCanceledException>(async () =>
                {
                    await foreach (var e in sequence.WithCancellation(with?.Token ?? default).ConfigureAwait(false)) Expect.True(false, $"nothing is read, not {e}");
                }, "the read").ConfigureAwait(false);
                await Expect.ThrowsAsync<OperationCanceledException>(() => sequence.GetHeadAsync(with?.Token ?? default).AsTask(), "the head").ConfigureAwait(false);
                await Expect.ThrowsAsync<OperationCanceledException>(() => sequence.GetHeadTokenAsync(with?.Token ?? default).AsTask(), "the head's token").ConfigureAwait(false);
            }

        foreach (var sequence in Sequences(other.Token))
        {
            var count = 0;
            await foreach (var _ in sequence.WithCancellation(new CancellationToken(false)).ConfigureAwait(false)) count++;
            Expect.True(count > 0, "a read that nobody ends reads");
        }
    }

    private static async Task Read_is_ended_by_its_cancellation_token(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync().ConfigureAwait(false);
        await Expect.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (var e in store.Store.ReadAllAsync().WithCancellation(cancelled.Token).ConfigureAwait(false)) Expect.True(false, $"nothing is read, not {e}");
        }, "the read").ConfigureAwait(false);
        await Expect.ThrowsAsync<OperationCanceledException>(() => store.Store.ReadAllAsync().GetHeadAsync(cancelled.Token).AsTask(), "the head").ConfigureAwait(false);
    }
}
