using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Resume tokens: what a log returns and compares. The history of another log is used in place of a restored one.</summary>
internal static class TokenCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Each_event_has_its_own_token),
        ContractCase.Of(Append_returns_the_token_of_its_last_event),
        ContractCase.Of(Repeat_returns_the_token_of_the_first_time),
        ContractCase.Of(Append_without_events_returns_the_token_of_the_head),
        ContractCase.Of(Head_of_an_empty_log_is_the_start),
        ContractCase.Of(Read_starts_after_a_token_of_the_log),
        ContractCase.Of(Token_of_another_history_is_refused_by_every_read),
        ContractCase.Of(Token_with_the_same_id_and_another_mark_is_refused),
        ContractCase.Of(Token_beyond_the_head_is_refused_as_another_history),
        ContractCase.Of(Token_that_is_not_verified_is_compared_with_the_head_only),
        ContractCase.Of(Start_token_is_valid_for_every_log),
        ContractCase.Of(Page_returns_the_token_of_the_highest_position_it_has_reached),
        ContractCase.Of(Next_page_compares_the_token_of_the_previous_pages),
        ContractCase.Of(Condition_after_a_token_of_another_history_is_refused_before_its_matches),
        ContractCase.Of(Condition_after_a_token_of_the_log_ignores_earlier_events),
        ContractCase.Of(Tracking_keeps_the_token_of_its_position),
        ContractCase.Of(Tracking_with_a_token_of_another_position_is_refused),
        ContractCase.Of(Store_returns_and_accepts_tokens),
        ContractCase.Of(Sequence_returns_the_token_of_its_head),
    ];

    internal static IEnumerable<ContractCase> OfSubscriptions => [ContractCase.Of(Start_after_a_token_of_another_history_is_refused)];

    private static async Task Each_event_has_its_own_token(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(50)).ConfigureAwait(false);
        var events = await log.ReadAllAsync().ConfigureAwait(false);
        foreach (var e in events)
        {
            Expect.Equal((e.Position, e.Id, e.Mark), (e.Token.Position, e.Token.EventId, e.Token.Mark), "parts of the token");
            Expect.True(e.Mark != 0, "a log draws a mark for each event");
        }

        Expect.True(events.Select(e => e.Mark).Distinct().Count() > 45, "marks are random");
        Expect.Equal(events[^1].Token, await log.Log.GetHeadTokenAsync().ConfigureAwait(false), "token of the head");
    }

    private static async Task Append_returns_the_token_of_its_last_event(LogUnderTest log)
    {
        var one = await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        var many = await log.AppendAsync(new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Numbered(2)), Make.Write("b", Make.WithIds(1, 2))) }).ConfigureAwait(false);
        var events = await log.ReadAllAsync().ConfigureAwait(false);
        Expect.Equal((events[0].Token, events[4].Token), (one.ResumeToken, many.ResumeToken), "tokens");
    }

    private static async Task Repeat_returns_the_token_of_the_first_time(LogUnderTest log)
    {
        var command = await log.AppendAsync(Make.Command("c", 1, "a", Make.Event())).ConfigureAwait(false);
        var events = await log.AppendAsync("b", Make.WithIds(1, 2)).ConfigureAwait(false);
        await log.AppendAsync("b", Make.WithIds(3)).ConfigureAwait(false);
        var last = await log.AppendAsync("c", Make.Event()).ConfigureAwait(false);
        Expect.Equal(command.ResumeToken, (await log.AppendAsync(Make.Command("c", 1, "a", Make.Event())).ConfigureAwait(false)).ResumeToken, "token of a repeated command");
        Expect.Equal(events.ResumeToken, (await log.AppendAsync("b", Make.WithIds(1, 2)).ConfigureAwait(false)).ResumeToken, "token of repeated events");
        Expect.Equal(last.ResumeToken, await log.Log.GetHeadTokenAsync().ConfigureAwait(false), "token of the head");
    }

    private static async Task Append_without_events_returns_the_token_of_the_head(LogUnderTest log)
    {
        Expect.Equal(ResumeToken.Start, (await log.AppendAsync(Make.Command("c", 1, "a")).ConfigureAwait(false)).ResumeToken, "token in an empty log");
        var stored = await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        Expect.Equal(stored.ResumeToken, (await log.AppendAsync(Make.Command("d", 1, "a")).ConfigureAwait(false)).ResumeToken, "token of a command without events");
        Expect.Equal(stored.ResumeToken, (await log.AppendAsync(Make.Tracked("s", 1, "a")).ConfigureAwait(false)).ResumeToken, "token of a tracking entry");
        Expect.Equal(stored.ResumeToken, (await log.AppendAsync(Make.Tracked("s", 1, "a", Make.Event())).ConfigureAwait(false)).ResumeToken, "the token of a position that was read");
    }

    private static async Task Head_of_an_empty_log_is_the_start(LogUnderTest log)
    {
        Expect.Equal(ResumeToken.Start, await log.Log.GetHeadTokenAsync().ConfigureAwait(false), "token of the head");
        Expect.Equal(ResumeToken.Start, await TokenAsync(log, new AllRead { IncludeToken = true }).ConfigureAwait(false), "token of an empty page");
    }

    private static async Task Read_starts_after_a_token_of_the_log(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(4)).ConfigureAwait(false);
        var token = (await log.ReadAllAsync().ConfigureAwait(false))[1].Token;
        var parsed = ResumeToken.Parse(token.ToString(), null);
        var after = await log.ReadAsync(new AllRead { AfterPosition = parsed.Position, Token = parsed }).ConfigureAwait(false);
        Expect.Equal([3, 4], after.Positions(), "positions after the token");
        Expect.Equal(token, await log.Log.FindTokenAsync(ResumeToken.Unverified(token.Position)).ConfigureAwait(false), "token found by position");
    }

    private static async Task Token_of_another_history_is_refused_by_every_read(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(4)).ConfigureAwait(false);
        var mine = await log.ReadAllAsync().ConfigureAwait(false);
        foreach (var other in await OtherHistoryAsync(4).ConfigureAwait(false))
        {
            LogRead[] reads =
            [
                new AllRead { AfterPosition = other.Position, Token = other },
                new AllRead { Direction = ReadDirection.Backward, Token = other },
                new AllRead { ThroughPosition = GlobalPosition.Start, Token = other },
                new AllRead { Query = LogQuery.OfTypes("none"), Token = other },
                new AllRead { Query = LogQuery.All.Tagged("no", "1"), Token = other },
                new StreamRead("a") { Token = other },
                new StreamRead("none") { Token = other },
                new EventRead(mine[0].Id) { Token = other },
                new EventRead(Guid.NewGuid()) { Token = other },
            ];
            foreach (var read in reads)
            {
                var error = await Expect.ThrowsAsync<LogDivergedException>(() => log.PageAsync(read), $"the read {read}").ConfigureAwait(false);
                Expect.Equal((other, mine[(int)other.Position.ToInt64() - 1].Token, 4L), (error.Token, error.Found!.Value, error.Head.ToInt64()), "the message of the error");
            }
        }
    }

    private static async Task Token_with_the_same_id_and_another_mark_is_refused(LogUnderTest log)
    {
        var token = (await log.AppendAsync("a", Make.WithIds(1)).ConfigureAwait(false)).ResumeToken;
        var other = ResumeToken.Of(token.Position, token.EventId, token.Mark ^ 1);
        await Expect.ThrowsAsync<LogDivergedException>(() => log.PageAsync(new AllRead { Token = other }), "the read").ConfigureAwait(false);
        Expect.Equal(1, (await log.ReadAsync(new AllRead { Token = token }).ConfigureAwait(false)).Count, "events read with the log's own token");
    }

    private static async Task Token_beyond_the_head_is_refused_as_another_history(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        var token = ResumeToken.Of(GlobalPosition.FromInt64(2), Guid.NewGuid(), 1);
        var error = await Expect.ThrowsAsync<LogDivergedException>(() => log.PageAsync(new AllRead { AfterPosition = token.Position, Token = token }), "the read").ConfigureAwait(false);
        Expect.Equal((token, null, 1L), (error.Token, error.Found, error.Head.ToInt64()), "the message of the error");
    }

    private static async Task Token_that_is_not_verified_is_compared_with_the_head_only(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(2)).ConfigureAwait(false);
        var token = ResumeToken.Unverified(GlobalPosition.FromInt64(2));
        Expect.Equal(0, (await log.ReadAsync(new AllRead { AfterPosition = token.Position, Token = token }).ConfigureAwait(false)).Count, "events after the head");
        var beyond = ResumeToken.Unverified(GlobalPosition.FromInt64(3));
        await Expect.ThrowsAsync<PositionOutOfRangeException>(() => log.PageAsync(new AllRead { Token = beyond }), "the read").ConfigureAwait(false);
    }

    private static async Task Start_token_is_valid_for_every_log(LogUnderTest log)
    {
        Expect.Equal(0, (await log.ReadAsync(new AllRead { Token = ResumeToken.Start }).ConfigureAwait(false)).Count, "events of an empty log");
        await log.AppendAsync("a", Make.Event()).ConfigureAwait(false);
        Expect.Equal(1, (await log.ReadAsync(new AllRead { Token = ResumeToken.Start }).ConfigureAwait(false)).Count, "events");
    }

    private static async Task Page_returns_the_token_of_the_highest_position_it_has_reached(LogUnderTest log)
    {
        for (var i = 0; i < 5; i++) await log.AppendAsync(i % 2 == 0 ? "even" : "odd", Make.Event(i % 2 == 0 ? "E" : "O", tags: i == 0 ? ["t:1"] : [])).ConfigureAwait(false);
        var tokens = (await log.ReadAllAsync().ConfigureAwait(false)).ConvertAll(e => e.Token);
        (RangeRead Read, int Position)[] rows =
        [
            (new AllRead(), 5),
            (new AllRead { MaxCount = 2 }, 2),
            (new AllRead { ThroughPosition = GlobalPosition.FromInt64(3) }, 3),
            (new AllRead { AfterPosition = GlobalPosition.FromInt64(5) }, 5),
            (new AllRead { AfterPosition = GlobalPosition.FromInt64(3), ThroughPosition = GlobalPosition.FromInt64(3) }, 3),
            (new AllRead { ThroughPosition = GlobalPosition.Start }, 0),
            (new AllRead { Query = LogQuery.OfTypes("E") }, 5),
            (new AllRead { Query = LogQuery.OfTypes("E"), ThroughPosition = GlobalPosition.FromInt64(4) }, 4),
            (new AllRead { Query = LogQuery.OfTypes("none") }, 5),
            (new AllRead { Query = LogQuery.All.Tagged("t", "1") }, 5),
            (new AllRead { Query = LogQuery.All.Tagged("no", "1") }, 5),
            (new AllRead { Direction = ReadDirection.Backward }, 5),
            (new AllRead { Direction = ReadDirection.Backward, MaxCount = 2 }, 5),
            (new AllRead { Direction = ReadDirection.Backward, ThroughPosition = GlobalPosition.FromInt64(4), MaxCount = 1 }, 4),
            (new AllRead { Direction = ReadDirection.Backward, Query = LogQuery.OfTypes("O") }, 5),
            (new StreamRead("even"), 5),
            (new StreamRead("even") { MaxCount = 2 }, 3),
            (new StreamRead("even") { Query = LogQuery.OfTypes("O") }, 5),
            (new StreamRead("odd") { Direction = ReadDirection.Backward, MaxCount = 1 }, 4),
            (new StreamRead("none"), 0),
        ];
        foreach (var (read, position) in rows)
        {
            Expect.Equal(position == 0 ? ResumeToken.Start : tokens[position - 1], await TokenAsync(log, read with { IncludeToken = true }).ConfigureAwait(false), $"token of {read}");
            Expect.Equal(ResumeToken.Start, await TokenAsync(log, read).ConfigureAwait(false), "token that was not asked for");
        }
    }

    private static async Task Next_page_compares_the_token_of_the_previous_pages(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(5)).ConfigureAwait(false);
        foreach (var read in new RangeRead[]
                 {
                     new AllRead { MaxCount = 2, IncludeToken = true },
                     new AllRead { MaxCount = 2, IncludeToken = true, Direction = ReadDirection.Backward },
                     new StreamRead("a") { MaxCount = 2, IncludeToken = true },
                     new StreamRead("a") { MaxCount = 2, IncludeToken = true, Direction = ReadDirection.Backward },
                 })
        {
            var seen = new List<long>();
            for (var next = read; next is not null;)
            {
                using var page = await log.Log.ReadAsync(next, CancellationToken.None).ConfigureAwait(false);
                seen.AddRange(page.Events.ToArray().Positions());
                Expect.Equal(seen.Max(), Math.Max(next.Token.Position.ToInt64(), page.Token.Position.ToInt64()), "the position that is compared next");
                next = next.Next(page);
            }

            Expect.Equal(5, seen.Count, "events");
        }
    }

    private static async Task Condition_after_a_token_of_another_history_is_refused_before_its_matches(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var other = (await OtherHistoryAsync(2).ConfigureAwait(false))[1];
        var append = new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Event())), Condition = new(LogQuery.All, other) };
        await log.RefusesAsync<LogDivergedException>(append).ConfigureAwait(false);
        var versioned = new LogAppend { Writes = Make.Writes(new StreamWrite("a", ExpectedVersion.Exactly(9), new[] { Make.Event() })), Condition = new(LogQuery.All, other) };
        await log.RefusesAsync<WrongExpectedVersionException>(versioned).ConfigureAwait(false);
        var beyond = new LogAppend { Writes = append.Writes, Condition = new(LogQuery.All, ResumeToken.Of(GlobalPosition.FromInt64(9), Guid.NewGuid(), 1)) };
        await log.RefusesAsync<LogDivergedException>(beyond).ConfigureAwait(false);
    }

    private static async Task Condition_after_a_token_of_the_log_ignores_earlier_events(LogUnderTest log)
    {
        var token = (await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false)).ResumeToken;
        var append = new LogAppend { Writes = Make.Writes(Make.Write("a", Make.Event())), Condition = new(LogQuery.All, token) };
        await log.AppendAsync(append).ConfigureAwait(false);
        var refusal = await log.RefusesAsync<AppendConditionFailedException>(append).ConfigureAwait(false);
        Expect.Equal((3L, 4L), (refusal.After.ToInt64(), refusal.Conflict.ToInt64()), "position and conflict");
        var start = new LogAppend { Writes = append.Writes, Condition = new(LogQuery.All, ResumeToken.Start) };
        await log.RefusesAsync<AppendConditionFailedException>(start).ConfigureAwait(false);
    }

    private static async Task Tracking_keeps_the_token_of_its_position(LogUnderTest log)
    {
        var store = new StoreUnderTest(log).Store;
        Expect.Equal(null, await store.FindTrackingAsync("s").ConfigureAwait(false), "entry of a source that was not read");
        var token = ResumeToken.Of(GlobalPosition.FromInt64(7), Guid.NewGuid(), 99);
        await store.AppendAsync(new Append().Track("s", token)).ConfigureAwait(false);
        Expect.Equal(new Tracking("s", 7, token), await store.FindTrackingAsync("s").ConfigureAwait(false), "entry");
        Expect.True((await store.AppendAsync(new Append().Track("s", 7)).ConfigureAwait(false)).WasDuplicate, "the number decides");
        Expect.Equal(7L, await log.TrackedAsync("s").ConfigureAwait(false), "the number in the record's first bytes");
        await store.AppendAsync(new Append().Track("s", 8)).ConfigureAwait(false);
        Expect.Equal(new Tracking("s", 8), await store.FindTrackingAsync("s").ConfigureAwait(false), "entry of a number alone");
    }

    private static async Task Tracking_with_a_token_of_another_position_is_refused(LogUnderTest log)
    {
        var tracking = new Tracking("s", 7, ResumeToken.Of(GlobalPosition.FromInt64(8), Guid.NewGuid(), 1));
        await log.RefusesAsync<ArgumentException>(new LogAppend { Tracking = tracking }).ConfigureAwait(false);
    }

    private static async Task Store_returns_and_accepts_tokens(StoreUnderTest under)
    {
        var store = under.Store;
        Expect.Equal(ResumeToken.Start, await store.GetHeadTokenAsync().ConfigureAwait(false), "token of an empty log");
        var first = await under.AppendAsync("order-1", new Added(1)).ConfigureAwait(false);
        await under.AppendAsync("order-1", new Added(2), new Added(3)).ConfigureAwait(false);
        var events = await StoreUnderTest.ToListAsync(store.ReadAllAsync()).ConfigureAwait(false);
        Expect.Equal(first.ResumeToken, events[0].ResumeToken, "token of an envelope");
        Expect.Equal(events[2].ResumeToken, await store.GetHeadTokenAsync().ConfigureAwait(false), "token of the head");
        Expect.Equal([2, 3], await StoreUnderTest.PositionsAsync(store.ReadAllAsync(options: new() { AfterToken = first.ResumeToken })).ConfigureAwait(false), "positions after a token");
        Expect.Equal([3], await StoreUnderTest.PositionsAsync(store.ReadAllAsync(options: new() { AfterToken = first.ResumeToken, AfterPosition = StoreUnderTest.At(2) })).ConfigureAwait(false), "the narrower bound");
        var other = (await OtherHistoryAsync(2).ConfigureAwait(false))[1];
        foreach (var options in new ReadAllOptions[]
                 {
                     new() { AfterToken = other },
                     new() { AfterToken = other, ThroughPosition = StoreUnderTest.At(2) },
                     new() { AfterToken = other, FromTimestamp = DateTimeOffset.MaxValue },
                     new() { AfterToken = other, Direction = ReadDirection.Backward },
                 })
        {
            await Expect.ThrowsAsync<LogDivergedException>(() => StoreUnderTest.ToListAsync(store.ReadAllAsync(options: options)), $"the read {options}").ConfigureAwait(false);
        }

        await under.RefusesAsync<LogDivergedException>(new Append().To("order-2", ExpectedVersion.Any, [new Added(4)]).FailIf(EventQuery.All, other)).ConfigureAwait(false);
        var refusal = await Expect.ThrowsAsync<InvalidOperationException>(
            () => Task.FromResult(new Append().FailIf(EventQuery.All, other).FailIf(EventQuery.All, other.Position)), "two places").ConfigureAwait(false);
        Expect.True(refusal.Message.Contains(other.ToString(), StringComparison.Ordinal), "the message names the position");
    }

    private static async Task Sequence_returns_the_token_of_its_head(StoreUnderTest under)
    {
        var empty = under.Store.ReadAllAsync();
        Expect.Equal(ResumeToken.Start, await empty.GetHeadTokenAsync().ConfigureAwait(false), "token of an empty log");
        await under.AppendAsync("order-1", new Added(1), new Added(2)).ConfigureAwait(false);
        var head = await under.Store.GetHeadTokenAsync().ConfigureAwait(false);
        var (asked, read, left, stream) = (under.Store.ReadAllAsync(), under.Store.ReadAllAsync(EventQuery.OfTypes("none")), under.Store.ReadAllAsync(), under.Store.ReadStreamAsync("none"));
        Expect.Equal(head.Position, await asked.GetHeadAsync().ConfigureAwait(false), "head");
        foreach (var sequence in new[] { read, stream }) await StoreUnderTest.ToListAsync(sequence).ConfigureAwait(false);
        await foreach (var _ in left.ConfigureAwait(false)) break;
        await under.AppendAsync("order-1", new Added(3)).ConfigureAwait(false);
        foreach (var sequence in new[] { asked, read, left, stream })
            Expect.Equal(head, await sequence.GetHeadTokenAsync().ConfigureAwait(false), "the head when the sequence was first read");
        Expect.Equal(2, (await StoreUnderTest.ToListAsync(asked).ConfigureAwait(false)).Count, "events up to that head");
    }

    private static async Task Start_after_a_token_of_another_history_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("a", Make.Numbered(3)).ConfigureAwait(false);
        var token = (await log.ReadAllAsync().ConfigureAwait(false))[0].Token;
        var other = (await OtherHistoryAsync(1).ConfigureAwait(false))[0];
        var bus = new EventBus(new EventStore(log.Log, CaseEvents.Types));
        await using (bus.ConfigureAwait(false))
        {
            var first = new TaskCompletionSource<RecordedEvent>(TaskCreationOptions.RunContinuationsAsynchronously);
            var handler = SubscriptionHandler.RawEach((e, _, _) => first.TrySetResult(e) ? Task.CompletedTask : Task.CompletedTask);
            await Expect.ThrowsAsync<LogDivergedException>(() => bus.SubscribeAsync("other", handler, new() { From = StartFrom.After(other) }), "the start").ConfigureAwait(false);
            await Expect.ThrowsAsync<PositionOutOfRangeException>(() => bus.SubscribeAsync("beyond", handler, new() { From = StartFrom.After(GlobalPosition.FromInt64(9)) }), "the start").ConfigureAwait(false);
            Expect.Equal(0, (await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, "", null, 10, CancellationToken.None).ConfigureAwait(false)).Count, "checkpoints");
            await bus.SubscribeAsync("own", handler, new() { From = StartFrom.After(token) }).ConfigureAwait(false);
            Expect.Equal(2L, (await first.Task.WaitAsync(TimeSpan.FromSeconds(30)).ConfigureAwait(false)).Position.ToInt64(), "position of the first event after the token");
        }
    }

    private static async Task<ResumeToken> TokenAsync(LogUnderTest log, LogRead read)
    {
        using var page = await log.Log.ReadAsync(read, CancellationToken.None).ConfigureAwait(false);
        return page.Token;
    }

    /// <summary>The tokens of another log with as many events at the same positions, with the same ids if the case supplies them.</summary>
    private static async Task<List<ResumeToken>> OtherHistoryAsync(int count)
    {
        var other = new InMemoryEventLog();
        await using (other.ConfigureAwait(false))
        {
            await other.AppendAsync(Make.Append("a", Make.Numbered(count)), CancellationToken.None).ConfigureAwait(false);
            return (await LogUnderTest.ReadAsync(other, new AllRead()).ConfigureAwait(false)).ConvertAll(e => e.Token);
        }
    }
}
