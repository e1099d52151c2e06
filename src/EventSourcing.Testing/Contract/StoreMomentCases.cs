using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.StoreUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Reads bounded by the time at which the log stored an event, both ends inclusive.</summary>
internal static class StoreMomentCases
{
    private const int Count = 9;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    internal static IEnumerable<ContractCase> All =>
    [
        .. Enum.GetValues<ReadDirection>().Select(direction => new ContractCase($"Moments_bound_a_read_inclusively_{direction}", log => Bounds(new(log), direction))),
        ContractCase.Of(Times_between_events_and_with_other_offsets_are_accepted),
        ContractCase.Of(Times_and_positions_bound_a_read_together),
        ContractCase.Of(Time_shared_by_several_events_includes_all_of_them),
        ContractCase.Of(Times_bound_a_read_of_an_empty_log),
    ];

    /// <summary>Appends an event every second and returns the timestamps.</summary>
    private static async Task<DateTimeOffset[]> FillAsync(StoreUnderTest store)
    {
        for (var i = 1; i <= Count; i++)
        {
            await store.AppendAsync(i % 2 == 0 ? "even" : "odd", new Added(i)).ConfigureAwait(false);
            store.Log.Clock.Advance(Second);
        }

        return [.. (await store.Log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Timestamp)];
    }

    private static Task<long[]> ReadAsync(StoreUnderTest store, DateTimeOffset? from, DateTimeOffset? through, ReadDirection direction = ReadDirection.Forward) =>
        PositionsAsync(store.Store.ReadAllAsync(null, new() { FromTimestamp = from, ThroughTimestamp = through, Direction = direction }));

    private static async Task Bounds(StoreUnderTest store, ReadDirection direction)
    {
        var times = await FillAsync(store).ConfigureAwait(false);
        for (var from = 0; from <= Count; from++)
            for (var through = 0; through <= Count; through++)
            {
                var expected = Make.CountTo(Count).Where(p => p >= from && (through == 0 || p <= through));
                if (direction == ReadDirection.Backward) expected = expected.Reverse();
                // A range that ends before it begins is refused, see StoreReadCases.
                if (from > 0 && through > 0 && times[from - 1] > times[through - 1]) continue;
                var found = await ReadAsync(store, from == 0 ? null : times[from - 1], through == 0 ? null : times[through - 1], direction).ConfigureAwait(false);
                Expect.Equal(expected, found, $"from the time of {from} through that of {through}");
            }
    }

    private static async Task Times_between_events_and_with_other_offsets_are_accepted(StoreUnderTest store)
    {
        var times = await FillAsync(store).ConfigureAwait(false);
        var between = times[3] + (Second / 2);
        Expect.Equal<long>([5, 6, 7, 8, 9], await ReadAsync(store, between, null).ConfigureAwait(false), "from between");
        Expect.Equal<long>([1, 2, 3, 4], await ReadAsync(store, null, between).ConfigureAwait(false), "through between");
        Expect.Equal<long>([5, 6, 7, 8, 9], await ReadAsync(store, times[3].AddTicks(1), null).ConfigureAwait(false), "from a tick later");
        Expect.Equal<long>([1, 2, 3, 4], await ReadAsync(store, null, times[3].AddTicks(1)).ConfigureAwait(false), "through a tick later");
        Expect.Equal<long>([1, 2, 3], await ReadAsync(store, null, times[3].AddTicks(-1)).ConfigureAwait(false), "through a tick earlier");
        Expect.Equal<long>([4], await ReadAsync(store, times[3].ToOffset(TimeSpan.FromHours(5)), times[3].ToOffset(TimeSpan.FromHours(-5))).ConfigureAwait(false), "in other offsets");
        Expect.Equal(Make.CountTo(Count), await ReadAsync(store, DateTimeOffset.MinValue, DateTimeOffset.MaxValue).ConfigureAwait(false), "all time");
        Expect.Equal<long>([], await ReadAsync(store, DateTimeOffset.MaxValue, null).ConfigureAwait(false), "from the end of time");
        Expect.Equal<long>([], await ReadAsync(store, null, DateTimeOffset.MinValue).ConfigureAwait(false), "through the beginning of time");
    }

    private static async Task Times_and_positions_bound_a_read_together(StoreUnderTest store)
    {
        var times = await FillAsync(store).ConfigureAwait(false);
        var sequence = store.Store.ReadAllAsync(EventQuery.All.InStream("odd"), new()
        {
            AfterPosition = At(2),
            FromTimestamp = times[1],
            ThroughTimestamp = times[7],
            ThroughPosition = At(6),
        });
        Expect.Equal<long>([3, 5], await PositionsAsync(sequence).ConfigureAwait(false), "positions the narrower");
        sequence = store.Store.ReadAllAsync(null, new() { AfterPosition = At(2), FromTimestamp = times[3], ThroughTimestamp = times[4], ThroughPosition = At(6), Direction = ReadDirection.Backward });
        Expect.Equal<long>([5, 4], await PositionsAsync(sequence).ConfigureAwait(false), "times the narrower");
    }

    private static async Task Time_shared_by_several_events_includes_all_of_them(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        store.Log.Clock.Advance(Second);
        await store.AppendAsync("a", new Added(2), new Added(3)).ConfigureAwait(false);
        await store.AppendAsync("b", new Added(4)).ConfigureAwait(false);
        store.Log.Clock.Advance(-Second);
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        store.Log.Clock.Advance(10 * Second);
        await store.AppendAsync("a", new Added(6)).ConfigureAwait(false);
        var time = (await store.Log.ReadAllAsync().ConfigureAwait(false))[1].Timestamp;
        Expect.Equal<long>([2, 3, 4, 5], await ReadAsync(store, time, time).ConfigureAwait(false), "the time, also where the clock had gone back");
    }

    private static async Task Times_bound_a_read_of_an_empty_log(StoreUnderTest store)
    {
        var now = store.Log.Clock.Now;
        Expect.Equal<long>([], await ReadAsync(store, now, now).ConfigureAwait(false), "events");
        Expect.Equal<long>([], await ReadAsync(store, DateTimeOffset.MinValue, null).ConfigureAwait(false), "events of all time");
    }
}
