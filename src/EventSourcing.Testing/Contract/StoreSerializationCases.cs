using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using EventSourcing.Storage;
using static EventSourcing.Testing.Contract.StoreUnderTest;

namespace EventSourcing.Testing.Contract;

/// <summary>Serialization: what cannot be written or read, and tags taken from JSON.</summary>
internal static class StoreSerializationCases
{
    private static readonly (string Name, object Event, string[] Tags)[] TagRules =
    [
        ("nothing", new Labelled(), []),
        ("text", new Labelled("a: b"), ["text:a: b"]),
        ("empty_text", new Labelled(""), ["text:"]),
        ("escaped_text", new Labelled("\"é\\<"), ["text:\"é\\<"]),
        ("number", new Labelled(Number: -1.50m), ["number:-1.50"]),
        ("boolean", new Labelled(Flag: true), ["flag:true"]),
        ("array", new Labelled(Many: ["x", null, "y", "x"]), ["many:x", "many:y"]),
        ("empty_array", new Labelled(Many: []), []),
        ("all", new Labelled("t", 1, false, ["x"]) { Absent = "here" }, ["text:t", "number:1", "flag:false", "many:x", "absent:here"]),
        ("tag_said_too", new EventData(new Labelled("t")).Tagged("text", "t").Tagged("own", "1"), ["text:t", "own:1"]),
    ];

    private static readonly (string Name, object Event)[] BadTags =
    [
        ("object", new Nested(new Labelled())),
        ("control_character", new Labelled("a\nb")),
        ("too_long_text", new Labelled(new string('x', 600))),
        ("one_bad_element", new Labelled(Many: ["x", "\0"])),
    ];

    internal static IEnumerable<ContractCase> All =>
    [
        .. TagRules.Select(rule => new ContractCase($"Tag_rule_on_{rule.Name}_gives_its_tags", log => GivesTags(new(log), rule.Event, rule.Tags))),
        .. BadTags.Select(bad => new ContractCase($"Tag_rule_on_{bad.Name}_refuses_the_append", log => RefusesTags(new(log), bad.Event))),
        ContractCase.Of(Event_that_cannot_be_serialized_writes_nothing),
        ContractCase.Of(Unknown_type_is_an_error_only_when_selected),
        ContractCase.Of(Unknown_type_excluded_by_a_filter_is_no_error),
        ContractCase.Of(Unknown_type_is_an_error_after_the_events_before_it),
        ContractCase.Of(Event_that_cannot_be_deserialized_is_named),
        ContractCase.Of(Json_is_written_according_to_the_contract),
        ContractCase.Of(Custom_serializer_is_used),
    ];

    private static async Task GivesTags(StoreUnderTest store, object e, string[] tags)
    {
        await store.AppendAsync("a", e).ConfigureAwait(false);
        var stored = await store.SingleAsync("a").ConfigureAwait(false);
        Expect.Equal(tags, stored.Tags.Select(t => t.ToString()), "tags");
        foreach (var tag in stored.Tags)
            Expect.Equal<long>([1], await PositionsAsync(store.Store.ReadAllAsync(EventQuery.All.Tagged(tag.Name, tag.Value))).ConfigureAwait(false), $"events with {tag}");
    }

    private static async Task RefusesTags(StoreUnderTest store, object e)
    {
        var refusal = await store.RefusesAsync<InvalidEventException>("a", new Added(1), e).ConfigureAwait(false);
        Expect.Equal((e is Nested ? "nested" : "labelled", 1), (refusal.Type, refusal.Violations.Count), "type and violations");
    }

    private static async Task Event_that_cannot_be_serialized_writes_nothing(StoreUnderTest store)
    {
        foreach (var attempt in new[] { 1, 2 })
        {
            var refusal = await store.RefusesAsync<EventSerializationException>("a", new Added(attempt), new Unwritable(1), new Added(attempt)).ConfigureAwait(false);
            Expect.Equal(("unwritable", new StreamId("a"), GlobalPosition.Start), (refusal.Type, refusal.StreamId, refusal.Position), "type, stream and no position");
            Expect.True(refusal.InnerException is InvalidOperationException, "the serializer's error is inside");
        }

        await store.AppendAsync("a", new Added(3, "whole")).ConfigureAwait(false);
        Expect.Equal<object>([new Added(3, "whole")], await store.DataAsync("a").ConfigureAwait(false), "the append after it");
    }

    private static async Task Unknown_type_is_an_error_only_when_selected(StoreUnderTest store)
    {
        await FillAsync(store, Make.Event("other", "{}", null, "x:1")).ConfigureAwait(false);
        Expect.Equal<long>([1, 3], await PositionsAsync(store.Store.ReadAllAsync(EventQuery.Of<Added>())).ConfigureAwait(false), "a read of another type");
        Expect.Equal<long>([1, 3], await PositionsAsync(store.Store.ReadStreamAsync("a", new() { Filter = EventQuery.Of<Added>() })).ConfigureAwait(false), "a read of another type of the stream");
        Expect.Equal<long>([3], await PositionsAsync(store.Store.ReadStreamAsync("a", new() { AfterVersion = 2 })).ConfigureAwait(false), "a read of another part");
        Expect.Equal(4, (await store.Store.FoldAsync(EventQuery.Of<Added>(), () => 0, (sum, e) => sum + ((Added)e).Count).ConfigureAwait(false)).State, "a fold of another type");
        Expect.Equal(3, (await store.Log.ReadAllAsync().ConfigureAwait(false)).Count, "a raw read");
        foreach (var sequence in new[]
        {
            store.Store.ReadAllAsync(), store.Store.ReadAllAsync(EventQuery.OfTypes("other")), store.Store.ReadAllAsync(EventQuery.All.Tagged("x", "1")),
            store.Store.ReadStreamAsync("a"), store.Store.ReadAllAsync(null, new() { Direction = ReadDirection.Backward }),
        })
            await IsNamedAsync<UnknownEventTypeException>(() => ToListAsync(sequence), "other").ConfigureAwait(false);
        await IsNamedAsync<UnknownEventTypeException>(() => store.Store.FoldStreamAsync("a", () => 0, (n, _) => n + 1).AsTask(), "other").ConfigureAwait(false);
        await IsNamedAsync<UnknownEventTypeException>(() => store.Store.FoldAsync(EventQuery.All, () => 0, (n, _) => n + 1).AsTask(), "other").ConfigureAwait(false);
    }

    private static async Task Unknown_type_excluded_by_a_filter_is_no_error(StoreUnderTest store)
    {
        await FillAsync(store, new LogEvent { Type = "other", CorrelationId = "theirs", IsJson = true, Metadata = """{"actor":"them"}"""u8.ToArray() }).ConfigureAwait(false);
        foreach (var filter in new[] { EventFilter.Correlation("ours"), EventFilter.Actor("us") })
            Expect.Equal<long>([3], await PositionsAsync(store.Store.ReadAllAsync(null, new() { Filter = filter })).ConfigureAwait(false), "a read of what is known");
        await IsNamedAsync<UnknownEventTypeException>(() => ToListAsync(store.Store.ReadAllAsync(null, new() { Filter = EventFilter.Actor("them") })), "other").ConfigureAwait(false);
    }

    private static async Task Unknown_type_is_an_error_after_the_events_before_it(StoreUnderTest store)
    {
        await FillAsync(store, Make.Event("other")).ConfigureAwait(false);
        var read = new List<long>();
        await Expect.ThrowsAsync<UnknownEventTypeException>(async () =>
        {
            await foreach (var e in store.Store.ReadAllAsync().ConfigureAwait(false)) read.Add(e.Position.ToInt64());
        }, "the read").ConfigureAwait(false);
        Expect.Equal<long>([1], read, "events before it");
        Expect.Equal<long>([1], await PositionsAsync(store.Store.ReadAllAsync(null, new() { MaxCount = 1 })).ConfigureAwait(false), "a read that ends before it");
    }

    private static async Task Event_that_cannot_be_deserialized_is_named(StoreUnderTest store)
    {
        var broken = new[]
        {
            Make.Event("added", "{\"count\":\"x\"}"), Make.Event("added", "{\"count\":1"), Make.Event("added", ""), Make.Event("added", "null"), Make.Event("added", "[]"),
            new LogEvent { Type = "added", Data = new byte[] { 1, 2, 3 } },
        };
        for (var i = 0; i < broken.Length; i++)
        {
            var stream = new StreamId($"a-{(char)('a' + i)}");
            var result = await store.Log.AppendAsync(stream, broken[i]).ConfigureAwait(false);
            foreach (var read in new Func<Task>[] { () => ToListAsync(store.Store.ReadStreamAsync(stream)), () => store.Store.FoldStreamAsync(stream, () => 0, (n, _) => n).AsTask() })
            {
                var error = await Expect.ThrowsAsync<EventSerializationException>(read, "the read").ConfigureAwait(false);
                Expect.Equal(("added", stream, result.LastPosition), (error.Type, error.StreamId, error.Position), "type, stream and position");
                Expect.True(error is not UnknownEventTypeException && error.InnerException is not null, "the cause is inside");
            }
        }
    }

    private static async Task Json_is_written_according_to_the_contract(StoreUnderTest store)
    {
        var e = new Labelled("é<\"", Many: ["x"]);
        foreach (var (options, text) in new (JsonSerializerOptions, string)[]
        {
            (new(), """{"Text":"\u00E9\u003C\u0022","Number":null,"Flag":null,"Many":["x"]}"""),
            (new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }, """{"Text":"é<\"","Number":null,"Flag":null,"Many":["x"]}"""),
            (new() { WriteIndented = true, IndentSize = 1, IndentCharacter = '\t', NewLine = "\n" }, "{\n\t\"Text\": \"\\u00E9\\u003C\\u0022\",\n\t\"Number\": null,\n\t\"Flag\": null,\n\t\"Many\": [\n\t\t\"x\"\n\t]\n}"),
        })
        {
            var types = EventTypeMap.Create(new CaseJson(options), map => map.Add<Labelled>("labelled", e => e.Tag("text", "Text").Tag("many", "Many")));
            var other = store.With(types);
            var result = await other.AppendAsync("a", ExpectedVersion.Any, [e]).ConfigureAwait(false);
            var stored = (await ToListAsync(other.ReadAllAsync(null, new() { Direction = ReadDirection.Backward, MaxCount = 1 })).ConfigureAwait(false))[0];
            Expect.Equal(text, (await store.Log.ReadAllAsync().ConfigureAwait(false))[^1].Text(), "the stored JSON");
            Expect.Equal((e.Text, result.LastPosition), (((Labelled)stored.Data).Text, stored.Position), "the event");
            Expect.Equal<Tag>([new("text", "é<\""), new("many", "x")], stored.Tags, "tags");
        }
    }

    private static async Task Custom_serializer_is_used(StoreUnderTest store)
    {
        var binary = store.With(CaseEvents.Map(CaseJson.Default, map => map.UseSerializer(new Binary())));
        await binary.AppendAsync("a", ExpectedVersion.NoStream, [new Added(258)]).ConfigureAwait(false);
        var raw = (await store.Log.ReadAllAsync().ConfigureAwait(false))[0];
        Expect.Equal(("02010000", false), (Convert.ToHexString(raw.Data.Span), raw.IsJson), "the stored bytes");
        Expect.Equal<object>([new Added(258)], (await ToListAsync(binary.ReadAllAsync()).ConfigureAwait(false)).Select(e => e.Data), "the event");
        await Expect.ThrowsAsync<EventSerializationException>(() => ToListAsync(store.Store.ReadAllAsync()), "a read as JSON").ConfigureAwait(false);
        await store.AppendAsync("b", new Added(1)).ConfigureAwait(false);
        Expect.Equal<object>([new Added(1)], (await ToListAsync(binary.ReadStreamAsync("b")).ConfigureAwait(false)).Select(e => e.Data), "the JSON of the other store");
    }

    /// <summary>Appends an event of a known type, the given one, and another of a known type.</summary>
    private static async Task FillAsync(StoreUnderTest store, LogEvent middle)
    {
        await store.AppendAsync("a", new Added(1)).ConfigureAwait(false);
        await store.Log.AppendAsync("a", middle).ConfigureAwait(false);
        await store.AppendAsync(new Append { Metadata = new() { Actor = "us", CorrelationId = "ours" } }.To("a", ExpectedVersion.Any, [new Added(3)])).ConfigureAwait(false);
    }

    private static async Task IsNamedAsync<TException>(Func<Task> call, string type) where TException : EventSerializationException
    {
        var error = await Expect.ThrowsAsync<TException>(call, "the read").ConfigureAwait(false);
        Expect.Equal((type, new StreamId("a"), 2L), (error.Type, error.StreamId, error.Position.ToInt64()), "type, stream and position");
    }

    private sealed class Binary : IEventSerializer
    {
        public string ContentType => "application/x-number";

        public bool IsJson => false;

        public void Serialize(EventType type, object data, IBufferWriter<byte> output) => output.Write(BitConverter.GetBytes(((Added)data).Count));

        public object Deserialize(EventType type, in SerializedEvent stored) => new Added(BitConverter.ToInt32(stored.Data));
    }
}
