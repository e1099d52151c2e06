using System.Diagnostics;
using System.Text;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.StoreUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Metadata: causation, correlation, actor and headers.</summary>
internal static class StoreMetadataCases
{
    private static readonly Dictionary<string, string> Headers = new() { ["tenant"] = "north", ["ünï\"code"] = "a\nb\\" };

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Metadata_of_the_append_applies_to_every_event),
        ContractCase.Of(Metadata_of_an_event_overrides_that_of_the_append),
        ContractCase.Of(Metadata_not_given_is_empty),
        ContractCase.Of(Correlation_id_defaults_to_the_trace_id),
        ContractCase.Of(Header_called_actor_is_refused),
        ContractCase.Of(Metadata_that_utf8_cannot_hold_is_refused),
        ContractCase.Of(Metadata_written_by_other_programs_is_read_as_text),
        ContractCase.Of(Metadata_that_is_not_an_object_is_an_error_when_it_is_read),
    ];

    private static async Task Metadata_of_the_append_applies_to_every_event(StoreUnderTest store)
    {
        var append = new Append { Metadata = new() { Actor = "ann", CorrelationId = "k", CausationId = "c", Headers = Headers } };
        await store.AppendAsync(append.To("a", ExpectedVersion.Any, [new Added(1), new EventData(new Added(2)).Tagged("x", "1")]).To("b", ExpectedVersion.Any, [new Added(3)])).ConfigureAwait(false);
        foreach (var e in await ToListAsync(store.Store.ReadAllAsync()).ConfigureAwait(false))
        {
            Expect.Equal(("ann", "k", "c"), (e.Actor, e.CorrelationId, e.CausationId), "actor, correlation and causation");
            Expect.Equal(Headers.OrderBy(h => h.Key), e.Headers.OrderBy(h => h.Key), "headers");
        }
    }

    private static async Task Metadata_of_an_event_overrides_that_of_the_append(StoreUnderTest store)
    {
        var own = new EventMetadata { Actor = "bob", CausationId = "d", Headers = new Dictionary<string, string> { ["tenant"] = "south", ["own"] = "1" } };
        var append = new Append { Metadata = new() { Actor = "ann", CorrelationId = "k", CausationId = "c", Headers = Headers } };
        await store.AppendAsync(append.To("a", ExpectedVersion.Any, [new EventData(new Added(1)) { Metadata = own }, new EventData(new Added(2)) { Metadata = EventMetadata.None }])).ConfigureAwait(false);
        var events = await ToListAsync(store.Store.ReadAllAsync()).ConfigureAwait(false);
        Expect.Equal(("bob", "k", "d"), (events[0].Actor, events[0].CorrelationId, events[0].CausationId), "the event's own, then the append's");
        Expect.Equal(("south", "1", "a\nb\\"), (events[0].Headers["tenant"], events[0].Headers["own"], events[0].Headers["ünï\"code"]), "headers of both");
        Expect.Equal(("ann", "k", "c", 2), (events[1].Actor, events[1].CorrelationId, events[1].CausationId, events[1].Headers.Count), "an event without metadata has the append's");
    }

    private static async Task Metadata_not_given_is_empty(StoreUnderTest store)
    {
        var current = Activity.Current;
        Activity.Current = null;
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        Activity.Current = current;
        var e = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal((null, null, null, 0, 0), (e.Actor, e.CorrelationId, e.CausationId, e.Headers.Count, e.Tags.Count), "metadata");
        Expect.Equal(null, e.OccurredAt, "when it happened");
        Expect.Equal(0, (await store.Log.ReadAllAsync().ConfigureAwait(false))[0].Metadata.Length, "bytes of metadata");
    }

    private static async Task Correlation_id_defaults_to_the_trace_id(StoreUnderTest store)
    {
        string trace;
        using (var activity = new Activity("case").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            trace = activity.TraceId.ToHexString();
            await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
            await store.AppendAsync(new Append { Metadata = new() { CorrelationId = "k" } }.To("b", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        }

        using (new Activity("case").SetIdFormat(ActivityIdFormat.Hierarchical).Start()) await store.AppendAsync("c", new Added(1)).ConfigureAwait(false);
        var events = await ToListAsync(store.Store.ReadAllAsync()).ConfigureAwait(false);
        Expect.Equal<string?>([trace, "k", null], events.Select(e => e.CorrelationId), "correlation ids");
    }

    private static async Task Header_called_actor_is_refused(StoreUnderTest store)
    {
        var headers = new Dictionary<string, string> { ["actor"] = "ann" };
        await store.RefusesAsync<ArgumentException>(new Append { Metadata = new() { Headers = headers } }.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>("a", new EventData(new Added(1)) { Metadata = new() { Headers = headers } }).ConfigureAwait(false);
    }

    private static async Task Metadata_that_utf8_cannot_hold_is_refused(StoreUnderTest store)
    {
        const string Lone = "a\ud83db", Pair = "a\ud83d\ude00";
        EventMetadata[] refused =
        [
            new() { Actor = Lone }, new() { Actor = "" }, new() { CorrelationId = Lone }, new() { CausationId = Lone }, new() { CorrelationId = "" },
            new() { Headers = new Dictionary<string, string> { [Lone] = "x" } }, new() { Headers = new Dictionary<string, string> { ["x"] = Lone } },
            new() { Headers = new Dictionary<string, string> { ["tenant"] = null! } }, new() { Headers = new Dictionary<string, string> { ["x"] = "b\ude00" } },
        ];
        foreach (var metadata in refused)
        {
            var append = new Append { Metadata = metadata };
            var refusal = await store.RefusesAsync<ArgumentException>(append.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
            Expect.True(refusal.Message.Contains("index 1", StringComparison.Ordinal) || refusal.Message.Contains("is null", StringComparison.Ordinal) || refusal.Message.Contains("not be empty", StringComparison.Ordinal), refusal.Message);
            await store.RefusesAsync<ArgumentException>("a", new EventData(new Added(1)) { Metadata = metadata }).ConfigureAwait(false);
        }

        await store.RefusesAsync<ArgumentException>(new Append { CommandId = Lone }.To("a", ExpectedVersion.Any, [])).ConfigureAwait(false);
        await store.RefusesAsync<ArgumentException>(new Append().Track(Lone, 1).To("a", ExpectedVersion.Any, [])).ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentException>(() => Task.FromResult(EventQuery.All.InCategory(Lone)), "a category").ConfigureAwait(false);
        var headers = new Dictionary<string, string> { [Pair] = Pair };
        await store.AppendAsync(new Append { Metadata = new() { Actor = Pair, Headers = headers } }.To("a", ExpectedVersion.Any, [new Added(1)])).ConfigureAwait(false);
        var e = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal((Pair, Pair), (e.Actor, e.Headers[Pair]), "characters of two halves");
    }

    private static async Task Metadata_written_by_other_programs_is_read_as_text(StoreUnderTest store)
    {
        await AppendRawAsync(store, """{ "actor": 7, "nothing": null, "object": {"a":[1]}, "text": "t", "text": "u" }""").ConfigureAwait(false);
        var e = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal("7", e.Actor, "an actor that is a number");
        Expect.Equal(("null", """{"a":[1]}""", "u", 3), (e.Headers["nothing"], e.Headers["object"], e.Headers["text"], e.Headers.Count), "headers");
    }

    private static async Task Metadata_that_is_not_an_object_is_an_error_when_it_is_read(StoreUnderTest store)
    {
        await AppendRawAsync(store, "[1]").ConfigureAwait(false);
        var e = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal(new Added(1), e.Data, "the event itself");
        var byActor = new ReadAllOptions { Filter = EventFilter.Actor("ann") };
        foreach (var ask in new Func<Task>[] { () => Task.FromResult(e.Actor), () => Task.FromResult(e.Headers), () => ToListAsync(store.Store.ReadAllAsync(null, byActor)) })
        {
            var error = await Expect.ThrowsAsync<EventSerializationException>(ask, "the metadata").ConfigureAwait(false);
            Expect.Equal((new StreamId("a"), 1L), (error.StreamId, error.Position.ToInt64()), "where it is");
        }
    }

    private static Task<AppendResult> AppendRawAsync(StoreUnderTest store, string metadata) => store.Log.AppendAsync(
        "a", new LogEvent { Type = "added", Data = """{"count":1}"""u8.ToArray(), IsJson = true, Metadata = Encoding.UTF8.GetBytes(metadata) });
}
