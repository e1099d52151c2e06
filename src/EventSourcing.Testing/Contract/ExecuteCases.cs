namespace EventSourcing.Testing.Contract;

/// <summary>Decisions: load, decide, append; repeated on conflict; once per command id.</summary>
internal static class ExecuteCases
{
    private static readonly Decider<int, Stock> Taking = new(Stock.Create, (count, stock) => stock.Take(count), (stock, e) => stock.Apply(e));

    private static readonly string[] Kinds = ["stream", "query", "aggregate", "command"];

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Decision_is_appended_at_the_version_it_was_made_on),
        ContractCase.Of(Decision_on_a_new_stream_creates_it),
        ContractCase.Of(Decision_of_a_decider_is_appended),
        ContractCase.Of(Decision_is_repeated_on_conflict),
        ContractCase.Of(Decision_gives_up_after_its_attempts),
        ContractCase.Of(Refused_decision_writes_nothing),
        ContractCase.Of(Decision_without_events_writes_nothing),
        ContractCase.Of(Decision_without_events_is_stored_with_its_command_id),
        ContractCase.Of(Command_with_an_id_is_decided_once),
        ContractCase.Of(Command_with_another_fingerprint_is_refused_before_it_is_decided),
        ContractCase.Of(Command_executed_by_another_caller_meanwhile_returns_its_result),
        ContractCase.Of(Repeated_event_ids_return_the_state_of_the_first_time),
        ContractCase.Of(Options_are_stored_with_the_events),
        ContractCase.Of(Invalid_options_are_refused),
        ContractCase.Of(Event_for_another_stream_is_refused),
        ContractCase.Of(Concurrent_decisions_all_count),
        ContractCase.Of(Null_decision_is_refused),
        .. Kinds.Select(kind => new ContractCase($"Sixty_four_callers_who_decide_on_one_{kind}_hardly_give_up", log => HardlyGiveUpAsync(new(log), kind))),
    ];

    private static Task<ExecuteResult<Stock>> TakeAsync(StoreUnderTest store, int count, ExecuteOptions? options = null) =>
        store.Store.ExecuteAsync<Stock>("a", stock => stock.Take(count), options).AsTask();

    // The events of the first execution are read back for its repeat.
    private static ExecuteResult<Stock> RepeatOf(ExecuteResult<Stock> first, int events) => new(first.State, first.StreamVersion, first.EventsRead + events, first.Position, true);

    private static async Task Decision_is_appended_at_the_version_it_was_made_on(StoreUnderTest store)
    {
        await store.AppendAsync("b", new Added(1)).ConfigureAwait(false);
        await store.AppendAsync("a", new Added(5), new Added(5)).ConfigureAwait(false);
        var executed = await TakeAsync(store, 3).ConfigureAwait(false);
        Expect.Equal(new ExecuteResult<Stock>(new(7, 3), 3, 2, StoreUnderTest.At(4), false), executed, "the outcome");
        Expect.Equal<object>([new Added(5), new Added(5), new Taken(3)], await store.DataAsync("a").ConfigureAwait(false), "the stream");
        Expect.Equal(new Stock(7, 3), (await store.Store.LoadAsync<Stock>("a").ConfigureAwait(false)).State, "the state loaded");
    }

    private static async Task Decision_on_a_new_stream_creates_it(StoreUnderTest store)
    {
        var executed = await store.Store.ExecuteAsync<Stock>("a", stock => [new Added(stock.Count + 1), new EventData(new Added(2)).Tagged("x", "1")]).ConfigureAwait(false);
        Expect.Equal(new ExecuteResult<Stock>(new(3, 2), 2, 0, StoreUnderTest.At(2), false), executed, "the outcome");
    }

    private static async Task Decision_of_a_decider_is_appended(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var executed = await store.Store.ExecuteAsync("a", Taking, 2, new() { CommandId = "c" }).ConfigureAwait(false);
        Expect.Equal(new ExecuteResult<Stock>(new(3, 2), 2, 1, StoreUnderTest.At(2), false), executed, "the outcome");
        executed = await store.Store.ExecuteAsync("a", Taking, 99, new() { CommandId = "c" }).ConfigureAwait(false);
        Expect.Equal(new ExecuteResult<Stock>(new(3, 2), 2, 2, StoreUnderTest.At(2), true), executed, "the outcome of the repeat");
        await store.RefusesAsync<OutOfStockException>(() => store.Store.ExecuteAsync("a", Taking, 4).AsTask()).ConfigureAwait(false);
    }

    private static async Task Decision_is_repeated_on_conflict(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var appends = 0;
        store.Interrupted.BeforeAppend = () => ++appends <= 3 ? store.Log.AppendAsync("a", Make.Event("added", """{"count":10}""")) : Task.CompletedTask;
        var seen = new List<int>();
        var executed = await store.Store.ExecuteAsync<Stock>("a", stock =>
        {
            seen.Add(stock.Count);
            return [new Taken(stock.Count)];
        }).ConfigureAwait(false);
        Expect.Equal([5, 15, 25, 35], seen, "what each decision saw");
        Expect.Equal(new ExecuteResult<Stock>(new(0, 5), 5, 4, StoreUnderTest.At(5), false), executed, "the outcome");
        Expect.Equal(new Taken(35), (await store.DataAsync("a").ConfigureAwait(false))[^1], "what was stored");
    }

    private static async Task Decision_gives_up_after_its_attempts(StoreUnderTest store)
    {
        foreach (var attempts in new[] { 1, 3 })
        {
            var (decided, stream) = (0, new StreamId($"a-{attempts}"));
            store.Interrupted.BeforeAppend = () => store.Log.AppendAsync(stream, Make.Event("added", """{"count":1}"""));
            var refusal = await Expect.ThrowsAsync<WrongExpectedVersionException>(() => store.Store.ExecuteAsync<Stock>(stream, _ =>
            {
                decided++;
                return [new Taken(1)];
            }, new() { MaxAttempts = attempts }).AsTask(), "the execution").ConfigureAwait(false);
            Expect.Equal((attempts, attempts - 1L, (long)attempts), (decided, refusal.Expected.Version, refusal.Actual), "decisions, expected and found");
            Expect.True((await store.DataAsync(stream).ConfigureAwait(false)).All(e => e is Added), "nothing of it was written");
        }
    }

    private static async Task Refused_decision_writes_nothing(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        await store.RefusesAsync<OutOfStockException>(() => TakeAsync(store, 6)).ConfigureAwait(false);
        await store.RefusesAsync<OutOfStockException>(() => TakeAsync(store, 6, new() { CommandId = "c" })).ConfigureAwait(false);
        await store.RefusesAsync<UnknownEventTypeException>(() => store.Store.ExecuteAsync<Stock>("a", _ => ["text"]).AsTask()).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentNullException>(() => store.Store.ExecuteAsync<Stock>("a", _ => [null!]).AsTask()).ConfigureAwait(false);
        Expect.True(!(await TakeAsync(store, 5, new() { CommandId = "c" }).ConfigureAwait(false)).WasDuplicate, "a command refused is not remembered");
    }

    private static async Task Decision_without_events_writes_nothing(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        await store.AppendAsync("b", new Added(5)).ConfigureAwait(false);
        var executed = await store.ChangesNothingAsync(() => store.Store.ExecuteAsync<Stock>("a", _ => []).AsTask()).ConfigureAwait(false);
        Expect.Equal(new ExecuteResult<Stock>(new(5, 1), 1, 1, StoreUnderTest.At(2), false), executed, "the outcome");
    }

    private static async Task Decision_without_events_is_stored_with_its_command_id(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var first = await store.Store.ExecuteAsync<Stock>("a", _ => [], new() { CommandId = "c" }).ConfigureAwait(false);
        Expect.Equal(new ExecuteResult<Stock>(new(5, 1), 1, 1, StoreUnderTest.At(1), false), first, "the outcome");
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var second = await store.ChangesNothingAsync(() => TakeAsync(store, 1, new() { CommandId = "c" })).ConfigureAwait(false);
        Expect.Equal(RepeatOf(first, 0), second, "the outcome of the repeat");
    }

    private static async Task Command_with_an_id_is_decided_once(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var first = await TakeAsync(store, 1, new() { CommandId = "c" }).ConfigureAwait(false);
        await TakeAsync(store, 2).ConfigureAwait(false);
        var second = await store.ChangesNothingAsync(() =>
            store.Store.ExecuteAsync<Stock>("a", _ => throw new InvalidOperationException("decided again"), new() { CommandId = "c" }).AsTask()).ConfigureAwait(false);
        Expect.Equal(RepeatOf(first, 1), second, "the outcome of the repeat, with the state of the first time");
        Expect.Equal(new Stock(4, 2), second.State, "the state of the first time");
    }

    private static async Task Command_with_another_fingerprint_is_refused_before_it_is_decided(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        await TakeAsync(store, 1, new() { CommandId = "c", Fingerprint = new byte[] { 1 } }).ConfigureAwait(false);
        var refusal = await store.RefusesAsync<CommandIdConflictException>(() => store.Store.ExecuteAsync<Stock>(
            "a", _ => throw new InvalidOperationException("decided"), new() { CommandId = "c", Fingerprint = new byte[] { 2 } }).AsTask()).ConfigureAwait(false);
        Expect.Equal(2, refusal.First.LastPosition.ToInt64(), "the first use");
        foreach (var fingerprint in new byte[][] { [1], [] })
            Expect.True((await TakeAsync(store, 1, new() { CommandId = "c", Fingerprint = fingerprint }).ConfigureAwait(false)).WasDuplicate, "the same or none is a repeat");
    }

    private static async Task Command_executed_by_another_caller_meanwhile_returns_its_result(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var other = store.With(CaseEvents.Types);
        ExecuteResult<Stock>? first = null;
        store.Interrupted.BeforeAppend = async () => first = await other.ExecuteAsync<Stock>("a", stock => stock.Take(1), new() { CommandId = "c" }).ConfigureAwait(false);
        var second = await TakeAsync(store, 1, new() { CommandId = "c" }).ConfigureAwait(false);
        Expect.Equal(RepeatOf(first!, 1), second, "the outcome is the other's");
        Expect.Equal(2, (await store.DataAsync("a").ConfigureAwait(false)).Length, "events of the stream");
    }

    private static async Task Repeated_event_ids_return_the_state_of_the_first_time(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(5)).ConfigureAwait(false);
        var first = await store.Store.ExecuteAsync<Stock>("a", _ => [new EventData(new Taken(1)).WithId(Make.Id(1))]).ConfigureAwait(false);
        await TakeAsync(store, 1).ConfigureAwait(false);
        var second = await store.ChangesNothingAsync(() => store.Store.ExecuteAsync<Stock>("a", _ => [new EventData(new Taken(1)).WithId(Make.Id(1))]).AsTask()).ConfigureAwait(false);
        Expect.Equal(RepeatOf(first, 1), second, "the outcome of the repeat");
    }

    private static async Task Options_are_stored_with_the_events(StoreUnderTest store)
    {
        var options = new ExecuteOptions
        {
            CommandId = "c",
            Metadata = new() { Actor = "ann", CorrelationId = "k", Headers = new Dictionary<string, string> { ["tenant"] = "north" } },
        };
        await store.Store.ExecuteAsync<Stock>("a", _ => [new Added(1)], options).ConfigureAwait(false);
        var e = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal(("ann", "k", "c", "north"), (e.Actor, e.CorrelationId, e.CausationId, e.Headers["tenant"]), "actor, correlation, causation by the command, header");
        await store.Store.ExecuteAsync<Stock>("b", _ => [new Added(1)], new() { CommandId = "d", Metadata = new() { CausationId = "e" } }).ConfigureAwait(false);
        Expect.Equal("e", (await store.SingleAsync("b").ConfigureAwait(false)).CausationId, "the causation given");
    }

    private static async Task Invalid_options_are_refused(StoreUnderTest store)
    {
        foreach (var attempts in new[] { 0, -1, 1001 })
            await store.RefusesAsync<ArgumentOutOfRangeException>(() => TakeAsync(store, 0, new() { MaxAttempts = attempts })).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(() => TakeAsync(store, 0, new() { Fingerprint = new byte[1] })).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(() => TakeAsync(store, 0, new() { CommandId = "" })).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(() => store.Store.ExecuteAsync<Stock>(default(StreamId), _ => [new Added(1)]).AsTask()).ConfigureAwait(false);
    }

    private static Task Event_for_another_stream_is_refused(StoreUnderTest store) =>
        store.RefusesAsync<ArgumentException>(() => store.Store.ExecuteAsync<Stock>("a", _ => [new Added(1), EventData.For("b", new Added(2))]).AsTask());

    private static async Task Concurrent_decisions_all_count(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(16)).ConfigureAwait(false);
        await Make.TogetherAsync(4, async _ =>
        {
            for (var i = 0; i < 4; i++) await TakeAsync(store, 1, new() { MaxAttempts = 1000 }).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        Expect.Equal(new Stock(0, 17), (await store.Store.LoadAsync<Stock>("a").ConfigureAwait(false)).State, "the state");
        await store.RefusesAsync<OutOfStockException>(() => TakeAsync(store, 1)).ConfigureAwait(false);
    }

    private static async Task Null_decision_is_refused(StoreUnderTest store)
    {
        foreach (var call in new Func<Task>[]
        {
            async () => await store.Store.ExecuteAsync<Stock>("a", _ => null!).ConfigureAwait(false),
            async () => await store.Store.ExecuteAsync<EventCount>(EventQuery.Of<Taken>(), _ => null!).ConfigureAwait(false),
        })
        {
            var refusal = await store.RefusesAsync<InvalidOperationException>(call).ConfigureAwait(false);
            Expect.True(refusal.Message.Contains("return no events: []", StringComparison.Ordinal), refusal.Message);
        }
    }

    private static async Task HardlyGiveUpAsync(StoreUnderTest store, string kind)
    {
        const int Callers = 64, Calls = 15;
        var bus = new CommandBus(store.Store, handlers => handlers.Add<Take>(CaseJson.Default.Take, async (command, context, cancellationToken) =>
        {
            _ = await context.LoadAsync<EventCount>("a", cancellationToken).ConfigureAwait(false);
            return [EventData.For("a", new Taken(1))];
        }));
        // A log in memory never waits: without this, callers on few cores rarely conflict.
        store.Interrupted.BeforeAppend = async () => await Task.Yield();
        var stored = await Make.TogetherAsync(Callers, async _ =>
        {
            var mine = 0;
            for (var call = 0; call < Calls; call++)
                try
                {
                    await DecideAsync().ConfigureAwait(false);
                    mine++;
                }
                catch (ConcurrencyException)
                {
                    continue;
                }

            return mine;
        }).ConfigureAwait(false);
        Expect.Equal(stored.Sum(), (int)await store.Log.HeadAsync().ConfigureAwait(false), "what is stored");
        Expect.True(Callers * Calls - stored.Sum() <= Callers * Calls / 100, $"{Callers * Calls - stored.Sum()} of {Callers * Calls} gave up");

        async ValueTask DecideAsync() => _ = kind switch
        {
            "stream" => (object)await store.Store.ExecuteAsync<EventCount>("a", _ => [new Taken(1)]).ConfigureAwait(false),
            "query" => await store.Store.ExecuteAsync<EventCount>(EventQuery.Of<Taken>(), _ => [EventData.For("a", new Taken(1))]).ConfigureAwait(false),
            "aggregate" => await store.Store.GetRepository<StockItem>().UpdateAsync("a", item => item.Add(1)).ConfigureAwait(false),
            _ => await bus.SendAsync(new Take("a", 1)).ConfigureAwait(false),
        };
    }
}
