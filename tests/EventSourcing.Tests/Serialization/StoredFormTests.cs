using System.Buffers;
using System.Text;
using System.Text.Json;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

/// <summary>Every event is read by the form that it was stored in, whatever is written today.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StoredFormTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly InMemoryEventLog _log = new();

    public async ValueTask DisposeAsync() => await _log.DisposeAsync();

    private EventStore On(Action<EventTypeMapBuilder>? more = null, IEventSerializer? own = null, int schemaVersion = 1) => new(_log, EventTypeMap.Create(SchoolJson.Default, map =>
    {
        map.Add<Noted>("noted", e =>
        {
            e.Tag("text", "text").Alias("written").SchemaVersion(schemaVersion);
            if (own is not null) e.Serializer(own);
        });
        map.Add<UserRegistered>("user-registered");
        more?.Invoke(map);
    }));

    private static async Task NoteAsync(EventStore store, string text) => await store.AppendAsync("s", ExpectedVersion.Any, [new Noted(text)]);

    private async Task AppendRawAsync(string data, bool isJson, string? contentType = null, string type = "noted") => await _log.AppendAsync(new()
    {
        Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = type, Data = Encoding.UTF8.GetBytes(data), IsJson = isJson, ContentType = contentType } }) },
    }, default);

    private static async Task<IEnumerable<string>> TextsAsync(EventStore store) => await store.ReadStreamAsync("s").Select(e => ((Noted)e.Data).Text).ToListAsync();

    private async Task<List<RecordedEvent>> StoredAsync()
    {
        using var page = await _log.ReadAsync(new AllRead(), default);
        return [.. page.Events];
    }

    [Test]
    public async Task Log_of_several_forms_of_one_type_is_read_in_order_by_every_reader()
    {
        await NoteAsync(On(), "json");
        await NoteAsync(On(map => map.UseSerializer(new Reversed("x/a"))), "a");
        await NoteAsync(On(own: new Reversed("x/b")), "b");
        await AppendRawAsync("""{"text":"sql"}""", isJson: true, type: "written");
        var store = On(map => map.AddSerializer(new Reversed("x/a")).AddSerializer(new Reversed("X/B")));
        await NoteAsync(store, "json again");
        string[] all = ["json", "a", "b", "sql", "json again"];

        (await TextsAsync(store)).Should().Equal(all);
        (await store.FoldStreamAsync("s", () => "", (text, e) => $"{text},{((Noted)e).Text}")).State.Should().Be("," + string.Join(',', all));
        var seen = new List<string>();
        await using var bus = new EventBus(store);
        var subscription = await bus.SubscribeAsync("all", SubscriptionHandler.ByType(types => types.On<Noted>((noted, _, _) =>
        {
            seen.Add(noted.Text);
            return Task.CompletedTask;
        })));
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(5)).WaitAsync(s_patience);
        seen.Should().Equal(all);
        (await StoredAsync()).Select(e => (e.ContentType, e.IsJson)).Should().Equal((null, true), ("x/a", false), ("x/b", false), (null, true), (null, true));
    }

    [Test]
    public async Task Deserializer_is_told_name_schema_number_form_and_metadata()
    {
        var told = new List<string>();
        var store = On(own: new Reversed("x/a") { Read = (in SerializedEvent stored) => told.Add($"{stored.Type} {stored.SchemaVersion} {stored.ContentType} {Encoding.UTF8.GetString(stored.Metadata)}") }, schemaVersion: 3);
        await store.AppendAsync(new Append { Metadata = new() { Actor = "ann" } }.To("s", ExpectedVersion.Any, [new Noted("x")]));
        await AppendRawAsync("x", isJson: false, type: "written");
        await TextsAsync(store);
        told.Should().Equal("noted 3 x/a {\"actor\":\"ann\"}", "written 1  ");
        (await StoredAsync()).Select(e => e.SchemaVersion).Should().Equal(3, 1);
    }

    [Test]
    public async Task Form_that_no_serializer_reads_is_an_error_that_names_it_and_says_what_to_add()
    {
        await NoteAsync(On(own: new Reversed("x/gone")), "x");
        var error = (await On().Invoking(TextsAsync).Should().ThrowAsync<EventSerializationException>()).Which;
        (error.Type, error.StreamId, error.Position.ToInt64()).Should().Be(("noted", "s", 1));
        error.Message.Should().ContainAll("noted", "position 1", "'x/gone'", "map.AddSerializer(…)");
    }

    [Test]
    public async Task Binary_event_without_a_content_type_is_read_by_the_only_binary_serializer()
    {
        await AppendRawAsync("cba", isJson: false);
        (await TextsAsync(On(map => map.UseSerializer(new Reversed("x/a"))))).Should().Equal("abc");
        (await TextsAsync(On(map => map.AddSerializer(new Reversed("x/a"))))).Should().Equal("abc");
        (await TextsAsync(On(map => map.AddSerializer(new Reversed("x/b")).AddSerializer(new Reversed("x/c")), own: new Reversed("x/a")))).Should().Equal("abc");
    }

    [Test]
    public async Task Binary_event_without_a_content_type_is_an_error_where_none_or_several_could_read_it()
    {
        await AppendRawAsync("cba", isJson: false);
        (await On().Invoking(TextsAsync).Should().ThrowAsync<EventSerializationException>()).WithMessage("*position 1*JSON only*map.AddSerializer(…)*");
        (await On(map => map.UseSerializer(new Reversed("x/a")).AddSerializer(new Reversed("x/b"))).Invoking(TextsAsync).Should().ThrowAsync<EventSerializationException>())
            .WithMessage("*position 1*x/a, x/b*e => e.Serializer(…)*");
    }

    [Test]
    public async Task Json_serializer_of_the_users_own_reads_what_is_stored_as_json()
    {
        await AppendRawAsync("""{"text":"x"}""", isJson: true);
        (await TextsAsync(On(map => map.UseSerializer(new Marked("application/json"))))).Should().Equal("x!");
        (await TextsAsync(On(own: new Marked("application/json")))).Should().Equal("x!");
        // One of another media type reads what is named so.
        var store = On(own: new Marked("application/vnd.acme+json"));
        await NoteAsync(store, "y");
        (await TextsAsync(store)).Should().Equal("x", "y!");
        var named = (await StoredAsync())[1];
        (named.ContentType, named.IsJson, named.Tags!.Single()).Should().Be(("application/vnd.acme+json", true, new Tag("text", "y")));
    }

    [Test]
    public async Task Only_events_that_are_stored_as_json_have_tags_by_rule()
    {
        var store = On(own: new Reversed("x/a"));
        await store.AppendAsync("s", ExpectedVersion.Any, [new Noted("x"), new EventData(new Noted("y")).Tagged("k", "v")]);
        (await StoredAsync()).Select(e => e.Tags).Should().BeEquivalentTo(new Tag[]?[] { null, [new("k", "v")] });
    }

    [Test]
    public async Task Null_from_a_deserializer_is_an_error_that_names_the_event()
    {
        var store = On(own: new Reversed("x/a") { GivesNull = true });
        await NoteAsync(store, "x");
        (await store.Invoking(TextsAsync).Should().ThrowAsync<EventSerializationException>()).WithMessage("*position 1*returned null*");
    }

    [Test]
    public async Task Parked_event_keeps_its_form()
    {
        var store = On(map => map.AddSerializer(new Reversed("x/b")), own: new Reversed("x/a"), schemaVersion: 7);
        await NoteAsync(store, "x");
        await using var bus = new EventBus(store);
        var (isBroken, retried) = (true, "");
        var subscription = await bus.SubscribeAsync("parking", SubscriptionHandler.ByType(types => types.On<Noted>((noted, _, _) =>
        {
            if (isBroken) throw new InvalidOperationException("broken");
            retried = noted.Text;
            return Task.CompletedTask;
        })), new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(1)).WaitAsync(s_patience);
        var parked = (await subscription.ReadParkedAsync().ToListAsync()).Single().Event;
        var stored = (await StoredAsync()).Single();
        (parked.ContentType, parked.SchemaVersion, parked.Mark).Should().Be((stored.ContentType, stored.SchemaVersion, stored.Mark)).And.Be(("x/a", 7, stored.Mark));
        stored.Mark.Should().NotBe(0u);
        isBroken = false;
        (await subscription.RetryAsync("s")).Should().Be(1);
        retried.Should().Be("x");
    }

    [Test]
    public void Parked_event_written_before_forms_were_stored_is_read()
    {
        var parked = new ParkedEvent
        {
            Event = new() { Position = GlobalPosition.FromInt64(1), StreamId = "s", Version = 1, Type = "noted", Id = Guid.NewGuid(), Timestamp = DateTimeOffset.UnixEpoch, Data = "{}"u8.ToArray(), IsJson = true },
            PartitionKey = "s",
            Attempts = 1,
            Reason = "broken",
            ParkedAt = DateTimeOffset.UnixEpoch,
        };
        // The mark, the length of no content type, 1, and whether it is a replay.
        var bytes = parked.ToBytes();
        var cut = bytes.AsMemory(0, bytes.Length - 7);
        ParkedEvent.TryParse(new("k", cut, 1), out _, out var error).Should().BeFalse();
        bytes[0] = 1;
        ParkedEvent.TryParse(new("k", cut, 1), out var read, out _).Should().BeTrue();
        (read!.Event.Id, read.Event.Data.Length, read.Event.ContentType, read.Event.SchemaVersion, read.Event.Mark).Should().Be((parked.Event.Id, 2, null, 1, 0u));
        error!.RecordKey.Should().Be("k");
    }

    [Test]
    public void Misuse_of_the_builder_is_refused()
    {
        static Action<Action<EventTypeMapBuilder>> Refused<T>() where T : Exception => build => FluentActions.Invoking(() => EventTypeMap.Create(SchoolJson.Default, build)).Should().Throw<T>();
        Refused<ArgumentException>()(map => map.AddSerializer(new Reversed("x/a")).AddSerializer(new Reversed("X/A")));
        Refused<ArgumentException>()(map => map.UseSerializer(new Reversed("x/a")).AddSerializer(new Reversed("x/a")));
        Refused<ArgumentException>()(map => map.AddSerializer(new Reversed("x/a")).UseSerializer(new Reversed("x/a")));
        Refused<ArgumentException>()(map => map.UseSerializer(new Reversed("application/json")));
        Refused<ArgumentException>()(map => map.UseSerializer(new Reversed("")));
        Refused<ArgumentException>()(map => map.UseSerializer(new Reversed(null!)));
        Refused<ArgumentException>()(map => map.Add<Noted>("noted", e => e.Serializer(new Reversed("a\n"))));
        Refused<ArgumentNullException>()(map => map.UseSerializer(null!));
        Refused<ArgumentNullException>()(map => map.AddSerializer(null!));
        Refused<InvalidOperationException>()(map => map.UseSerializer(new Reversed("x/a")).UseSerializer(new Reversed("x/b")));
        Refused<ArgumentOutOfRangeException>()(map => map.Add<Noted>("noted", e => e.SchemaVersion(0)));
        EventTypeMapBuilder? late = null;
        EventTypeMap.Create(SchoolJson.Default, map => late = map);
        late!.Invoking(map => map.UseSerializer(new Reversed("x/a"))).Should().Throw<InvalidOperationException>();
        late!.Invoking(map => map.AddSerializer(new Reversed("x/a"))).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => new SerializedEvent("t", default, schemaVersion: 0).Type).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Test]
    public void Entry_tells_its_serializer_and_schema_number()
    {
        var (own, ofMap) = (new Reversed("x/a"), new Reversed("x/b"));
        var types = EventTypeMap.Create(SchoolJson.Default, map => map
            .Add<Noted>("noted", e => e.Serializer(own).SchemaVersion(2)).Add<UserRegistered>("user-registered").UseSerializer(ofMap)).Types.ToArray();
        types.Select(t => (t.Serializer, t.SchemaVersion)).Should().Equal((own, 2), (ofMap, 1));
        types.Should().BeOfType<EventType[]>();
        School.Types.Types.Should().OnlyContain(t => t.Serializer is JsonEventSerializer && t.Serializer.ContentType == "application/json" && t.SchemaVersion == 1);
    }

    private delegate void Reading(in SerializedEvent stored);

    /// <summary>The text backwards.</summary>
    private sealed class Reversed(string contentType) : IEventSerializer
    {
        internal Reading? Read { get; init; }

        internal bool GivesNull { get; init; }

        public string ContentType => contentType;

        public bool IsJson => false;

        public void Serialize(EventType type, object data, IBufferWriter<byte> output) => output.Write(Encoding.UTF8.GetBytes([.. ((Noted)data).Text.Reverse()]));

        public object Deserialize(EventType type, in SerializedEvent stored)
        {
            Read?.Invoke(stored);
            return GivesNull ? null! : new Noted(new([.. Encoding.UTF8.GetString(stored.Data).Reverse()]));
        }
    }

    /// <summary>JSON; what it reads has a mark.</summary>
    private sealed class Marked(string contentType) : IEventSerializer
    {
        public string ContentType => contentType;

        public bool IsJson => true;

        public void Serialize(EventType type, object data, IBufferWriter<byte> output)
        {
            using var writer = new Utf8JsonWriter(output);
            JsonSerializer.Serialize(writer, data, type.Contract!);
        }

        public object Deserialize(EventType type, in SerializedEvent stored) => (Noted)JsonSerializer.Deserialize(stored.Data, type.Contract!)! is var noted ? noted with { Text = noted.Text + "!" } : null!;
    }
}
