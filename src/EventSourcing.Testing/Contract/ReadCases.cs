using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Reading: order, bounds, pages, snapshots.</summary>
internal static class ReadCases
{
    private const int Count = 10;

    private static readonly int[] PageSizes = [1, 2, 3, Count - 1, Count, Count + 1, LogRead.MaxPage];

    private static readonly bool[] Both = [false, true];

    private static readonly int[] Limits = [1, 2, 100];

    private static readonly (int After, int? Through)[] Bounds = [(0, null), (3, null), (0, 4), (2, 7), (4, 4), (0, 0), (9, 99)];

    private static readonly (string Name, LogQuery? Query)[] Filters =
    [
        ("unfiltered", null),
        ("by_type", LogQuery.OfTypes("Odd")),
        ("by_tag", LogQuery.All.Tagged("third", "yes")),
        ("by_nothing_stored", LogQuery.OfTypes("None")),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. Matrix(),
        .. PageSizes.Select(size => new ContractCase($"Pages_of_{size}_join_to_the_whole", log => Pages(log, size))),
        ContractCase.Of(Page_ends_with_the_event_that_reaches_the_byte_limit),
        ContractCase.Of(Maximum_count_applies_after_the_filter),
        ContractCase.Of(Log_read_from_after_the_head_is_empty_and_last),
        ContractCase.Of(Log_read_from_beyond_is_refused),
        ContractCase.Of(Read_through_above_the_head_ends_at_the_head),
        ContractCase.Of(Stream_read_beyond_its_end_is_empty_and_last),
        ContractCase.Of(Empty_page_returns_head_and_version),
        ContractCase.Of(Range_that_ends_where_it_begins_is_empty_and_returns_the_head),
        ContractCase.Of(Events_of_a_range_end_where_the_first_page_saw_the_end),
        ContractCase.Of(Head_is_returned_without_reading_an_event),
        ContractCase.Of(Disposed_page_is_empty),
        ContractCase.Of(Bytes_outlive_their_page_by_default),
        ContractCase.Of(Event_is_found_by_id),
        ContractCase.Of(Invalid_read_is_refused),
        ContractCase.Of(Reader_that_follows_the_log_sees_a_prefix),
        ContractCase.Of(Reads_continue_while_a_transaction_runs_and_do_not_see_its_changes, LogCapabilities.UserWork),
        ContractCase.Of(Open_page_does_not_block_writers),
        ContractCase.Of(Second_log_sees_what_the_first_stored, LogCapabilities.Shared),
        ContractCase.Of(Two_logs_check_appends_against_what_both_stored, LogCapabilities.Shared),
        ContractCase.Of(Events_survive_reopening, LogCapabilities.Durable),
    ];

    private static IEnumerable<ContractCase> Matrix() =>
        from isStream in Both
        from direction in Enum.GetValues<ReadDirection>()
        from filter in Filters
        from bounds in Bounds
        from limit in Limits
        select new ContractCase(
            $"Read_of_{(isStream ? "stream" : "log")}_{direction}_{filter.Name}_after_{bounds.After}_through_{bounds.Through?.ToString(CultureInfo.InvariantCulture) ?? "the_end"}_by_{limit}",
            log => Reads(log, isStream, direction, filter.Query, bounds.After, bounds.Through, limit));

    private static GlobalPosition At(long position) => GlobalPosition.FromInt64(position);

    private static RangeRead Range(bool isStream, long after, long? through) => isStream
        ? new StreamRead("s") { AfterVersion = after, ThroughVersion = through }
        : new AllRead { AfterPosition = At(after), ThroughPosition = through is { } last ? At(last) : null };

    /// <summary>Every second event is in the stream, so that versions and positions differ.</summary>
    private static async Task FillAsync(LogUnderTest log)
    {
        for (var i = 1; i <= Count; i++)
        {
            var e = Make.Event(i % 2 == 0 ? "Even" : "Odd", $"{i}", tags: i % 3 == 0 ? ["third:yes"] : []);
            await log.AppendAsync(new LogAppend { Writes = Make.Writes(Make.Write("s", e), Make.Write("other", e)) }).ConfigureAwait(false);
        }
    }

    private static async Task Reads(LogUnderTest log, bool isStream, ReadDirection direction, LogQuery? query, int after, int? through, int limit)
    {
        await FillAsync(log).ConfigureAwait(false);
        var last = isStream ? Count : 2 * Count;
        var expected = Enumerable.Range(1, last).Where(n => n > after && n <= (through ?? last) && Matches(isStream ? n : (n + 1) / 2)).Select(n => (long)n);
        if (direction == ReadDirection.Backward) expected = expected.Reverse();

        var read = Range(isStream, after, through) with { Direction = direction, Query = query, MaxCount = limit };
        var found = await log.ReadAsync(read).ConfigureAwait(false);
        Expect.Equal(expected, found.Select(e => isStream ? e.Version : e.Position.ToInt64()), "events");

        bool Matches(int number) => query is null || query.Matches(number % 2 == 0 ? "Even" : "Odd", "s", number % 3 == 0 ? [new Tag("third", "yes")] : []);
    }

    private static async Task Pages(LogUnderTest log, int size)
    {
        await log.AppendAsync("s", Make.Numbered(Count)).ConfigureAwait(false);
        foreach (var isStream in Both)
        {
            var read = Range(isStream, 0, null) with { MaxCount = size };
            Expect.Equal(Make.CountTo(Count), (await log.ReadAsync(read).ConfigureAwait(false)).Positions(), "forward");
            Expect.Equal(Make.CountTo(Count).Reverse(), (await log.ReadAsync(read with { Direction = ReadDirection.Backward }).ConfigureAwait(false)).Positions(), "backward");
        }
    }

    private static async Task Page_ends_with_the_event_that_reaches_the_byte_limit(LogUnderTest log)
    {
        var sized = new LogEvent { Type = "T", Data = new byte[60], Metadata = new byte[40] };
        await log.AppendAsync("s", sized, sized, sized, sized).ConfigureAwait(false);
        foreach (var (bytes, count) in new[] { (1, 1), (100, 1), (101, 2), (200, 2), (399, 4), (1000, 4) })
            Expect.Equal(count, (await log.PageAsync(new AllRead { MaxBytes = bytes }).ConfigureAwait(false)).Events.Count, $"events of a page of {bytes} bytes");
        Expect.Equal(4, (await log.ReadAsync(new StreamRead("s") { MaxBytes = 150 }).ConfigureAwait(false)).Count, "events of all pages");
    }

    private static async Task Maximum_count_applies_after_the_filter(LogUnderTest log)
    {
        await log.AppendAsync("s", [.. Make.Numbered(20), Make.Event("Rare"), Make.Event("Rare")]).ConfigureAwait(false);
        Expect.Equal([21L], (await log.PageAsync(new AllRead { Query = LogQuery.OfTypes("Rare"), MaxCount = 1 }).ConfigureAwait(false)).Events.Positions(), "page");
    }

    private static async Task Log_read_from_after_the_head_is_empty_and_last(LogUnderTest log)
    {
        await IsEmpty(log, new AllRead(), 0).ConfigureAwait(false);
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        await IsEmpty(log, new AllRead { AfterPosition = At(2) }, 2).ConfigureAwait(false);
    }

    private static async Task IsEmpty(LogUnderTest log, LogRead read, long head)
    {
        using var page = await log.Log.ReadAsync(read, CancellationToken.None).ConfigureAwait(false);
        Expect.Equal((0, true, head), (page.Events.Length, page.IsLast, page.Head.ToInt64()), "events, last, head");
    }

    private static async Task Log_read_from_beyond_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        foreach (var direction in Enum.GetValues<ReadDirection>())
        {
            var refusal = await Expect.ThrowsAsync<PositionOutOfRangeException>(() => log.PageAsync(new AllRead { AfterPosition = At(3), Direction = direction }), "the read").ConfigureAwait(false);
            Expect.Equal((3L, 2L), (refusal.Position.ToInt64(), refusal.Head.ToInt64()), "position and head");
        }
    }

    private static async Task Read_through_above_the_head_ends_at_the_head(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        foreach (var isStream in Both)
        {
            var read = Range(isStream, 0, long.MaxValue);
            Expect.Equal([1L, 2L], (await log.ReadAsync(read).ConfigureAwait(false)).Positions(), "forward");
            Expect.Equal([2L, 1L], (await log.ReadAsync(read with { Direction = ReadDirection.Backward }).ConfigureAwait(false)).Positions(), "backward");
        }
    }

    private static async Task Stream_read_beyond_its_end_is_empty_and_last(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        foreach (var after in new[] { 2, 3, long.MaxValue }) await IsEmpty(log, new StreamRead("s") { AfterVersion = after }, 2).ConfigureAwait(false);
        await IsEmpty(log, new StreamRead("none"), 2).ConfigureAwait(false);
        await IsEmpty(log, new StreamRead("none") { Direction = ReadDirection.Backward }, 2).ConfigureAwait(false);
    }

    private static async Task Empty_page_returns_head_and_version(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        await log.AppendAsync("t", Make.Numbered(3)).ConfigureAwait(false);
        foreach (var query in new[] { null, LogQuery.OfTypes("None") })
        {
            using var page = await log.Log.ReadAsync(new StreamRead("s") { Query = query }, CancellationToken.None).ConfigureAwait(false);
            Expect.Equal((5L, 2L, 1L), (page.Head.ToInt64(), page.StreamVersion, page.Generation), "head, version, generation");
        }
    }

    private static async Task Range_that_ends_where_it_begins_is_empty_and_returns_the_head(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        foreach (var isStream in Both)
            foreach (var direction in Enum.GetValues<ReadDirection>())
                foreach (var at in new[] { 0, 3, 5 })
                    await IsEmpty(log, Range(isStream, at, at) with { Direction = direction }, 5).ConfigureAwait(false);
    }

    private static async Task Events_of_a_range_end_where_the_first_page_saw_the_end(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(Count)).ConfigureAwait(false);
        foreach (var isStream in Both)
        {
            var (version, head) = (await log.VersionAsync("s").ConfigureAwait(false), await log.HeadAsync().ConfigureAwait(false));
            foreach (var direction in Enum.GetValues<ReadDirection>())
            {
                var numbers = new List<long>();
                await foreach (var e in log.Log.ReadEventsAsync(Range(isStream, 2, null) with { Direction = direction, MaxCount = 3 }).ConfigureAwait(false))
                {
                    if (numbers.Count == 0) await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
                    numbers.Add(isStream ? e.Version : e.Position.ToInt64());
                }

                var expected = Make.CountTo((int)(isStream ? version : head)).Skip(2);
                Expect.Equal(direction == ReadDirection.Forward ? expected : expected.Reverse(), numbers, $"{direction}");
                (version, head) = (version + 1, head + 1);
            }
        }
    }

    private static async Task Head_is_returned_without_reading_an_event(LogUnderTest log)
    {
        Expect.Equal(GlobalPosition.Start, await log.Log.GetHeadAsync().ConfigureAwait(false), "the head of an empty log");
        await log.AppendAsync("s", Make.Numbered(Count)).ConfigureAwait(false);
        Expect.Equal(At(Count), await log.Log.GetHeadAsync().ConfigureAwait(false), "the head");
    }

    private static async Task Disposed_page_is_empty(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        var page = await log.Log.ReadAsync(new AllRead(), CancellationToken.None).ConfigureAwait(false);
        page.Dispose();
        page.Dispose();
        Expect.Equal(0, page.Events.Length, "events");
    }

    private static async Task Bytes_outlive_their_page_by_default(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(50, "first ")).ConfigureAwait(false);
        await log.AppendAsync("t", Make.Numbered(50, "other ")).ConfigureAwait(false);
        var (kept, _) = await log.PageAsync(new StreamRead("s")).ConfigureAwait(false);
        for (var i = 0; i < 10; i++) await log.PageAsync(new StreamRead("t") { ReuseBuffers = true }).ConfigureAwait(false);
        Expect.Equal(Make.CountTo(50).Select(n => $"first {n}"), kept.Texts(), "payloads");
    }

    private static async Task Event_is_found_by_id(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.WithIds(1, 2)).ConfigureAwait(false);
        using var page = await log.Log.ReadAsync(new EventRead(Make.Id(2)), CancellationToken.None).ConfigureAwait(false);
        Expect.Equal((1, 2L, true), (page.Events.Length, page.Head.ToInt64(), page.IsLast), "count, head, last");
        Expect.Equal(Make.Id(2), page.Events[0].Id, "id");
        foreach (var id in new[] { Guid.Empty, Make.Id(3) }) Expect.Equal(null, await log.FindAsync(id).ConfigureAwait(false), "an id not stored");
    }

    private static async Task Invalid_read_is_refused(LogUnderTest log)
    {
        RangeRead[] reads =
        [
            new AllRead { MaxCount = 0 }, new AllRead { MaxCount = LogRead.MaxPage + 1 }, new AllRead { MaxBytes = 0 }, new AllRead { Direction = (ReadDirection)9 },
            new AllRead { AfterPosition = At(4), ThroughPosition = At(3) }, new StreamRead("s") { AfterVersion = 4, ThroughVersion = 3 },
            new StreamRead("s") { AfterVersion = -1 }, new StreamRead("s") { ThroughVersion = -1 },
        ];
        await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        foreach (var read in reads) await Expect.ThrowsAsync<ArgumentException>(() => log.PageAsync(read), $"{read}").ConfigureAwait(false);
    }

    private static async Task Reader_that_follows_the_log_sees_a_prefix(LogUnderTest log)
    {
        const int perWriter = 60;
        var seen = new List<List<Guid>>();
        var writers = Make.TogetherAsync(4, async worker =>
        {
            for (var i = 0; i < perWriter; i++) await log.AppendAsync($"s-{worker}", Make.Numbered(1 + i % 3)).ConfigureAwait(false);
            return 0;
        });
        do seen.Add([.. (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Id)]);
        while (!writers.IsCompleted);
        await writers.ConfigureAwait(false);
        var all = (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Id).ToList();
        Expect.Equal(4 * perWriter * 2, all.Count, "events");
        foreach (var snapshot in seen) Expect.True(snapshot.SequenceEqual(all.Take(snapshot.Count)), "a snapshot is a prefix of the log");
    }

    private static async Task Reads_continue_while_a_transaction_runs_and_do_not_see_its_changes(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.WithIds(1)).ConfigureAwait(false);
        using var appended = new SemaphoreSlim(0);
        using var finish = new ManualResetEventSlim();
        var transaction = Task.Run(() => log.WriteAsync(new() { Appends = [Make.Append("s", Make.WithIds(2)), Make.Append("new", Make.Event("T", tags: "t:1"))] }, _ =>
        {
            appended.Release();
            finish.Wait();
        }));
        try
        {
            await appended.WaitAsync().ConfigureAwait(false);
            Expect.Equal((1L, 1L), (await log.HeadAsync().ConfigureAwait(false), await log.VersionAsync("s").ConfigureAwait(false)), "head and version");
            Expect.Equal([1L], (await log.ReadAllAsync().ConfigureAwait(false)).Positions(), "the log");
            Expect.Equal(0, (await log.ReadAsync(new AllRead { Query = LogQuery.All.Tagged("t", "1") }).ConfigureAwait(false)).Count, "events by tag");
            Expect.Equal(null, await log.FindAsync(Make.Id(2)).ConfigureAwait(false), "event by id");
        }
        finally
        {
            finish.Set();
        }

        await transaction.ConfigureAwait(false);
        Expect.Equal(3, await log.HeadAsync().ConfigureAwait(false), "head afterwards");
    }

    private static async Task Open_page_does_not_block_writers(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(5, "old ")).ConfigureAwait(false);
        using var page = await log.Log.ReadAsync(new AllRead { MaxCount = 3, ReuseBuffers = true }, CancellationToken.None).ConfigureAwait(false);
        for (var i = 0; i < 100; i++) await log.AppendAsync("s", Make.Numbered(5)).ConfigureAwait(false);
        Expect.Equal(["old 1", "old 2", "old 3"], page.Events.ToArray().Texts(), "the page's events");
        Expect.Equal(5, page.Head.ToInt64(), "the page's head");
    }

    private static async Task Second_log_sees_what_the_first_stored(LogUnderTest log)
    {
        var second = await log.OpenSecondAsync().ConfigureAwait(false);
        for (var i = 1; i <= 3; i++)
        {
            await log.AppendAsync("s", Make.Event(data: "first")).ConfigureAwait(false);
            await second.AppendAsync(Make.Append("s", Make.Event(data: "second")), CancellationToken.None).ConfigureAwait(false);
            Expect.Equal(2 * i, (await LogUnderTest.ReadAsync(second, new StreamRead("s")).ConfigureAwait(false)).Count, "events the second sees");
            Expect.Equal(2 * i, (await log.ReadStreamAsync("s").ConfigureAwait(false)).Count, "events the first sees");
        }
    }

    private static async Task Two_logs_check_appends_against_what_both_stored(LogUnderTest log)
    {
        var second = await log.OpenSecondAsync().ConfigureAwait(false);
        await second.AppendAsync(Make.Append("s", ExpectedVersion.NoStream, Make.WithIds(1)), CancellationToken.None).ConfigureAwait(false);
        await log.RefusesAsync<WrongExpectedVersionException>(Make.Append("s", ExpectedVersion.NoStream, Make.Event())).ConfigureAwait(false);
        Expect.True((await log.AppendAsync("s", Make.WithIds(1)).ConfigureAwait(false)).WasDuplicate, "the other log's id is known");
        await log.RefusesAsync<AppendConditionFailedException>(Make.If(LogQuery.All, 0, "t", Make.Event())).ConfigureAwait(false);
    }

    private static async Task Events_survive_reopening(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event("T", "1", tags: "t:1"), Make.Event(data: "2")).ConfigureAwait(false);
        await log.PutAsync(RecordKind.Checkpoint, "p", new byte[] { 1 }).ConfigureAwait(false);
        var before = await log.DescribeAsync().ConfigureAwait(false);
        await log.ReopenAsync().ConfigureAwait(false);
        Expect.Equal(before, await log.DescribeAsync().ConfigureAwait(false), "the log opened again");
        log.Clock.Advance(TimeSpan.FromDays(-1));
        await log.ReopenAsync().ConfigureAwait(false);
        Expect.Equal(3, (await log.AppendAsync("s", ExpectedVersion.Exactly(2), Make.Event()).ConfigureAwait(false)).LastPosition.ToInt64(), "position");
        var times = (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Timestamp).ToArray();
        Expect.True(times[2] >= times[1], "time does not fall");
    }
}
