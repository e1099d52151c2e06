using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.StoreUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>The list of streams and the numbers of a log (<see cref="ILogCatalog"/>).</summary>
internal static class StoreCatalogCases
{
    // In the order of their UTF-8 bytes; a surrogate pair comes after U+FF5E there, and before it in UTF-16.
    private static readonly string[] s_names = ["-", "-order-1", "order", "order!", "order-", "order-1", "order-10", "order-2", "order-2-b", "order.", "orders-1", "ünicode-1", "\uff5e-1", "\U0001F600-1"];

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Streams_are_listed_in_the_order_of_their_bytes, LogCapabilities.Catalog),
        ContractCase.Of(Streams_of_a_category_are_listed, LogCapabilities.Catalog),
        ContractCase.Of(Category_that_no_stream_can_have_is_refused, LogCapabilities.Catalog),
        ContractCase.Of(Streams_are_listed_after_a_name, LogCapabilities.Catalog),
        ContractCase.Of(Listed_stream_equals_the_stream_info_of_the_store, LogCapabilities.Catalog),
        ContractCase.Of(Streams_are_listed_over_several_pages, LogCapabilities.Catalog),
        ContractCase.Of(Statistics_count_the_content_of_the_log, LogCapabilities.Catalog),
        ContractCase.Of(Statistics_of_an_empty_log_are_zero, LogCapabilities.Catalog),
        ContractCase.Of(Refused_appends_change_neither_list_nor_statistics, LogCapabilities.Catalog),
        ContractCase.Of(Catalog_of_a_closed_log_is_refused, LogCapabilities.Catalog),
        ContractCase.Of(Log_without_a_catalog_says_so),
    ];

    private static async Task FillAsync(StoreUnderTest store)
    {
        // Not in the order in which they are listed.
        foreach (var name in s_names.Reverse()) await store.AppendAsync(name, new Added(1)).ConfigureAwait(false);
    }

    private static async Task<string[]> NamesAsync(StoreUnderTest store, string? category = null, StreamId after = default) =>
        [.. (await ListAsync(store, category, after).ConfigureAwait(false)).Select(s => s.StreamId.Value)];

    private static async Task<List<StreamInfo>> ListAsync(StoreUnderTest store, string? category = null, StreamId after = default)
    {
        var streams = new List<StreamInfo>();
        await foreach (var stream in store.Store.GetStreamsAsync(category, after).ConfigureAwait(false)) streams.Add(stream);
        return streams;
    }

    private static async Task Streams_are_listed_in_the_order_of_their_bytes(StoreUnderTest store)
    {
        Expect.Equal<string>([], await NamesAsync(store).ConfigureAwait(false), "an empty log");
        await FillAsync(store).ConfigureAwait(false);
        Expect.Equal(s_names, await NamesAsync(store).ConfigureAwait(false), "all streams");
    }

    private static async Task Streams_of_a_category_are_listed(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        foreach (var category in s_names.Select(n => new StreamId(n).Category).Concat(["orde", "none", "-order"]).Distinct())
            Expect.Equal(s_names.Where(n => new StreamId(n).IsInCategory(category)), await NamesAsync(store, category).ConfigureAwait(false), $"category '{category}'");
    }

    private static async Task Category_that_no_stream_can_have_is_refused(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        foreach (var category in new[] { "", "order-1", "x-y", "a\nb", "\uD800" })
            await Expect.ThrowsAsync<ArgumentException>(() => ListAsync(store, category), $"category '{category}'").ConfigureAwait(false);
    }

    private static async Task Streams_are_listed_after_a_name(StoreUnderTest store)
    {
        await FillAsync(store).ConfigureAwait(false);
        for (var i = 0; i < s_names.Length; i++)
            Expect.Equal(s_names.Skip(i + 1), await NamesAsync(store, after: s_names[i]).ConfigureAwait(false), $"after {s_names[i]}");
        Expect.Equal<string>(["order-2", "order-2-b"], await NamesAsync(store, "order", "order-1x").ConfigureAwait(false), "after a name that no stream has");
        Expect.Equal<string>([], await NamesAsync(store, "order", "zebra-1").ConfigureAwait(false), "after a name beyond the category");
        Expect.Equal<string>(["order", "order-", "order-1", "order-10", "order-2", "order-2-b"], await NamesAsync(store, "order", "alpha-1").ConfigureAwait(false), "after a name before the category");
    }

    private static async Task Listed_stream_equals_the_stream_info_of_the_store(StoreUnderTest store)
    {
        await store.AppendAsync("a-1", new Added(1), new Added(2)).ConfigureAwait(false);
        store.Log.Clock.Advance(TimeSpan.FromSeconds(1));
        await store.AppendAsync("a-2", new Taken(1)).ConfigureAwait(false);
        await store.AppendAsync("a-1", new Taken(2)).ConfigureAwait(false);
        foreach (var stream in await ListAsync(store, "a").ConfigureAwait(false))
            Expect.Equal(await store.Store.GetStreamInfoAsync(stream.StreamId).ConfigureAwait(false), stream, $"{stream.StreamId}");
    }

    private static async Task Streams_are_listed_over_several_pages(StoreUnderTest store)
    {
        const int Streams = 2100;
        var append = new Append();
        for (var i = 0; i < Streams; i++) append.To($"page-{i:0000}", ExpectedVersion.NoStream, [new Added(i)]);
        await store.AppendAsync(append).ConfigureAwait(false);
        Expect.Equal(Enumerable.Range(0, Streams).Select(i => $"page-{i:0000}"), await NamesAsync(store, "page").ConfigureAwait(false), "names");
        Expect.Equal(Streams, (await store.Store.GetStatisticsAsync().ConfigureAwait(false)).StreamCount, "streams counted");
    }

    private static async Task Statistics_count_the_content_of_the_log(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1), new Added(2), new Taken(1)).ConfigureAwait(false);
        await store.AppendAsync("b", new Added(3)).ConfigureAwait(false);
        await store.Log.AppendAsync("c", Make.Event("unknown")).ConfigureAwait(false);
        var counted = await store.Store.GetStatisticsAsync().ConfigureAwait(false);
        Expect.Equal((At(5), 5L, 0L, 3L), (counted.Head, counted.EventCount, counted.ErasedEventCount, counted.StreamCount), "head, events, erased, streams");
        Expect.Equal("added 3, taken 1, unknown 1", string.Join(", ", counted.EventsByType.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => $"{t.Key} {t.Value}")), "events by type");
        Expect.True(counted.SizeInBytes is null or > 0, "a size is none or some");
        await store.AppendAsync("a", new Added(4)).ConfigureAwait(false);
        var later = await store.Store.GetStatisticsAsync().ConfigureAwait(false);
        Expect.Equal((6L, 4L, counted.Generation), (later.EventCount, later.EventsByType["added"], later.Generation), "one event later");
    }

    private static async Task Statistics_of_an_empty_log_are_zero(StoreUnderTest store)
    {
        var counted = await store.Store.GetStatisticsAsync().ConfigureAwait(false);
        Expect.Equal((GlobalPosition.Start, 0L, 0L, 0L, 0), (counted.Head, counted.EventCount, counted.ErasedEventCount, counted.StreamCount, counted.EventsByType.Count), "the numbers");
    }

    private static async Task Refused_appends_change_neither_list_nor_statistics(StoreUnderTest store)
    {
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        await store.RefusesAsync<WrongExpectedVersionException>(new Append().To("b", ExpectedVersion.Any, [new Labelled("x")]).To("a", ExpectedVersion.NoStream, [new Added(2)])).ConfigureAwait(false);
        Expect.Equal<string>(["a"], await NamesAsync(store).ConfigureAwait(false), "streams");
        var counted = await store.Store.GetStatisticsAsync().ConfigureAwait(false);
        Expect.Equal((1L, 1L, 1), (counted.EventCount, counted.StreamCount, counted.EventsByType.Count), "events, streams, types");
    }

    private static async Task Catalog_of_a_closed_log_is_refused(StoreUnderTest store)
    {
        await store.Store.DisposeAsync().ConfigureAwait(false);
        await Expect.ThrowsAsync<ObjectDisposedException>(() => NamesAsync(store), "the list").ConfigureAwait(false);
        await Expect.ThrowsAsync<ObjectDisposedException>(() => store.Store.GetStatisticsAsync().AsTask(), "the numbers").ConfigureAwait(false);
    }

    private sealed class Plain(IEventLog inner) : DelegatingLog(inner)
    {
        public override T? Find<T>() where T : class => typeof(T) == typeof(ILogCatalog) ? null : base.Find<T>();
    }

    private static async Task Log_without_a_catalog_says_so(StoreUnderTest store)
    {
        var plain = new EventStore(new Plain(store.Log.Log), CaseEvents.Types);
        var refusal = await Expect.ThrowsAsync<NotSupportedException>(() => plain.GetStatisticsAsync().AsTask(), "the numbers").ConfigureAwait(false);
        Expect.True(refusal.Message.Contains(nameof(ILogCatalog), StringComparison.Ordinal), "the message names the capability");
        await Expect.ThrowsAsync<NotSupportedException>(async () =>
        {
            await foreach (var stream in plain.GetStreamsAsync().ConfigureAwait(false)) Expect.True(false, $"nothing is listed, not {stream}");
        }, "the list").ConfigureAwait(false);
    }
}
