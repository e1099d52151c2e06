using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Folds: states computed from events.</summary>
internal static class StoreFoldCases
{
    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Fold_of_a_stream_takes_every_event_in_order),
        ContractCase.Of(Fold_reads_a_range_of_versions),
        ContractCase.Of(Fold_of_no_events_is_the_initial_state),
        ContractCase.Of(Fold_of_a_query_counts_its_events),
        ContractCase.Of(Fold_of_many_pages_ends_at_the_head_of_the_first),
        ContractCase.Of(Invalid_fold_is_refused),
        ContractCase.Of(State_is_loaded_up_to_a_version),
        ContractCase.Of(Exception_of_the_fold_reaches_the_caller),
    ];

    private static async Task FillAsync(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1), new Added(2)).ConfigureAwait(false);
        await store.AppendAsync("b", new Added(100)).ConfigureAwait(false);
        await store.AppendAsync("a", new Added(3), new Taken(4), new EventData(new Added(5)).Tagged("x", "1")).ConfigureAwait(false);
    }

    private static string Join(string text, object e) => text + e switch { Added a => $"+{a.Count}", Taken t => $"-{t.Count}", _ => "?" };

    private static async Task Fold_of_a_stream_takes_every_event_in_order(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        var folded = await store.Store.FoldStreamAsync("a", () => "", Join).ConfigureAwait(false);
        Expect.Equal(new LoadResult<string>("+1+2+3-4+5", 5, 5, StoreUnderTest.At(6)), folded, "the fold");
    }

    private static async Task Fold_reads_a_range_of_versions(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        foreach (var (after, through, expected, version) in new (long, long?, string, long)[]
        {
            (0, null, "+1+2+3-4+5", 5), (0, 5, "+1+2+3-4+5", 5), (0, 99, "+1+2+3-4+5", 5), (0, 1, "+1", 1), (0, 0, "", 0),
            (2, null, "+3-4+5", 5), (2, 4, "+3-4", 4), (2, 2, "", 2), (5, null, "", 5), (5, 9, "", 5), (7, null, "", 7),
        })
        {
            var folded = await store.Store.FoldStreamAsync("a", () => "", Join, after, through).ConfigureAwait(false);
            Expect.Equal(new LoadResult<string>(expected, version, expected.Length / 2, StoreUnderTest.At(6)), folded, $"after {after} through {through}");
        }
    }

    private static async Task Fold_of_no_events_is_the_initial_state(StoreUnderTest store)
    {
        Expect.Equal(new LoadResult<string>("i", 0, 0, GlobalPosition.Start), await store.Store.FoldStreamAsync("none", () => "i", Join).ConfigureAwait(false), "of an empty log");
        await FillAsync(store).ConfigureAwait(false);
        Expect.Equal(new LoadResult<string>("i", 0, 0, StoreUnderTest.At(6)), await store.Store.FoldStreamAsync("none", () => "i", Join).ConfigureAwait(false), "of a stream");
        Expect.Equal(new LoadResult<string>("i", 0, 0, StoreUnderTest.At(6)), await store.Store.FoldAsync(EventQuery.Of<Labelled>(), () => "i", Join).ConfigureAwait(false), "of a query");
        Expect.Equal(new LoadResult<Stock>(Stock.Create(), 0, 0, StoreUnderTest.At(6)), await store.Store.LoadAsync<Stock>("none").ConfigureAwait(false), "of a state");
    }

    private static async Task Fold_of_a_query_counts_its_events(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        Expect.Equal(new LoadResult<string>("+1+2+100+3-4+5", 0, 6, StoreUnderTest.At(6)), await store.Store.FoldAsync(EventQuery.All, () => "", Join).ConfigureAwait(false), "all");
        Expect.Equal(new LoadResult<string>("-4", 0, 1, StoreUnderTest.At(6)), await store.Store.FoldAsync(EventQuery.Of<Taken>(), () => "", Join).ConfigureAwait(false), "by type");
        Expect.Equal(new LoadResult<string>("+5", 0, 1, StoreUnderTest.At(6)), await store.Store.FoldAsync(EventQuery.All.Tagged("x", "1"), () => "", Join).ConfigureAwait(false), "by tag");
    }

    private static async Task Fold_of_many_pages_ends_at_the_head_of_the_first(StoreUnderTest store)
    {
        const int Pages = LogRead.MaxPage + 1;
        await store.AppendAsync("a", [.. Enumerable.Range(1, Pages).Select(i => new Added(1))]).ConfigureAwait(false);
        var head = Pages;
        foreach (var (isStream, fold) in new (bool, Func<ValueTask<LoadResult<int>>>)[]
        {
            (true, () => store.Store.FoldStreamAsync("a", () => 0, (n, _) => n + 1)),
            (false, () => store.Store.FoldAsync(EventQuery.Of<Added>(), () => 0, (n, _) => n + 1)),
        })
        {
            var pages = 0;
            store.Interrupted.BeforeRead = _ => ++pages == 2 ? store.Log.AppendAsync("a", Make.Event("added", """{"count":1}""")) : Task.CompletedTask;
            Expect.Equal(new LoadResult<int>(head, isStream ? head : 0, head, StoreUnderTest.At(head)), await fold().ConfigureAwait(false), "the fold");
            Expect.True(pages > 1, "there were several pages");
            head++;
        }
    }

    private static async Task Invalid_fold_is_refused(StoreUnderTest store)
    {
        await Expect.ThrowsAsync<ArgumentOutOfRangeException>(() => store.Store.FoldStreamAsync("a", () => 0, (n, _) => n, -1).AsTask(), "after -1").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => store.Store.FoldStreamAsync("a", () => 0, (n, _) => n, 2, 1).AsTask(), "after 2 through 1").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => store.Store.LoadAsync<Stock>("a", -1).AsTask(), "through -1").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => store.Store.FoldStreamAsync(default, () => 0, (n, _) => n).AsTask(), "of no stream").ConfigureAwait(false);
        await Expect.ThrowsAsync<UnknownEventTypeException>(() => store.Store.FoldAsync(EventQuery.Of<string>(), () => 0, (n, _) => n).AsTask(), "of a type without an entry").ConfigureAwait(false);
    }

    private static async Task State_is_loaded_up_to_a_version(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        foreach (var (through, count, version) in new (long?, int, long)[] { (null, 7, 5), (0, 0, 0), (1, 1, 1), (4, 2, 4), (99, 7, 5) })
        {
            var loaded = await store.Store.LoadAsync<Stock>("a", through).ConfigureAwait(false);
            Expect.Equal(new LoadResult<Stock>(new(count, (int)version), version, version, StoreUnderTest.At(6)), loaded, $"through {through}");
        }
    }

    private static async Task Exception_of_the_fold_reaches_the_caller(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        await Expect.ThrowsAsync<OutOfStockException>(() => store.Store.FoldStreamAsync("a", () => 0, (_, _) => throw new OutOfStockException()).AsTask(), "the fold").ConfigureAwait(false);
        Expect.Equal(5, (await store.Store.LoadAsync<Stock>("a").ConfigureAwait(false)).StreamVersion, "the store is still usable");
    }
}
