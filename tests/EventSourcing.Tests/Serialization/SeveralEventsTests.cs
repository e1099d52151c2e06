using System.Collections.Concurrent;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Serialization;

/// <summary>A stored event may read as none, one or several: here an event "none" of schema number 1 reads as none, "two" as two, "three" as three, and any other as it was stored.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SeveralEventsTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static readonly string[] s_stored = ["a", "none", "two", "three", "none", "b"];
    private static readonly string[] s_texts = ["a", "two/0", "two/1", "three/0", "three/1", "three/2", "b"];
    private static readonly int[] s_ordinals = [0, 0, 1, 0, 1, 2, 0];
    private static readonly long[] s_positions = [1, 3, 3, 4, 4, 4, 6];

    private static readonly EventTypeMap s_types = EventTypeMap.Create(SchoolJson.Default, map => map
        .Add<Noted>("noted", e => e.SchemaVersion(2).UpcastMany<Noted>(from: 1, Convert, typeof(Noted), typeof(UserRegistered)))
        .Add<UserRegistered>("user-registered"));

    private static readonly EventTypeMap s_before = EventTypeMap.Create(SchoolJson.Default, map => map.Add<Noted>("noted"));

    private readonly EventStore _store = new(new InMemoryEventLog(), s_types);
    private readonly EventStore _before;
    private readonly ConcurrentQueue<EventEnvelope> _seen = [];

    public SeveralEventsTests() => _before = new(_store.Log, s_before);

    public async ValueTask DisposeAsync() => await _store.DisposeAsync();

    private static IEnumerable<object> Convert(Noted e) => e.Text switch
    {
        "none" => [],
        "two" => [e with { Text = "two/0" }, e with { Text = "two/1" }],
        "three" => [e with { Text = "three/0" }, e with { Text = "three/1" }, e with { Text = "three/2" }],
        "mixed" => [new UserRegistered("1", "mixed/0"), e with { Text = "mixed/1" }],
        _ => [e],
    };

    private static string TextOf(object e) => e is Noted noted ? noted.Text : ((UserRegistered)e).Email;

    private async Task FillAsync(params string[] texts)
    {
        foreach (var text in texts.Length == 0 ? s_stored : texts) await _before.AppendAsync("s", ExpectedVersion.Any, [new Noted(text)]);
    }

    private void See(EventEnvelope e) => _seen.Enqueue(e);

    private void SeenAll()
    {
        _seen.Select(e => TextOf(e.Data)).Should().Equal(s_texts);
        _seen.Select(e => e.Ordinal).Should().Equal(s_ordinals);
        _seen.Select(e => e.Position.ToInt64()).Should().Equal(s_positions);
        _seen.Select(e => e.Version).Should().Equal(s_positions);
    }

    private static Task Done => Task.CompletedTask;

    private EventBus Subscribe() => new(_store, new() { LeaseTimeout = TimeSpan.FromHours(1) });

    private static Task WaitAsync(Subscription subscription, long position) => subscription.WaitForPositionAsync(GlobalPosition.FromInt64(position)).WaitAsync(s_patience);

    private async Task<long> CheckpointAsync(string name) =>
        BitConverter.ToInt64((await _store.Log.ReadRecordsAsync(RecordKind.Checkpoint, name, name, 1, default))[0].Value.Span[2..]);

    [Test]
    public async Task Reads_give_every_event_with_its_ordinal()
    {
        await FillAsync();
        await foreach (var e in _store.ReadStreamAsync("s")) See(e);
        SeenAll();
        _seen.Clear();
        await foreach (var e in _store.ReadAllAsync()) See(e);
        SeenAll();
    }

    [Test]
    public async Task Backward_read_keeps_the_order_within_a_stored_event()
    {
        await FillAsync();
        var texts = await _store.ReadAllAsync(null, new() { Direction = ReadDirection.Backward }).Select(e => TextOf(e.Data)).ToListAsync();
        texts.Should().Equal("b", "three/0", "three/1", "three/2", "two/0", "two/1", "a");
    }

    [Test]
    public async Task Read_never_ends_between_the_events_of_one_stored_event()
    {
        await FillAsync();
        (await _store.ReadAllAsync(null, new() { MaxCount = 2 }).Select(e => TextOf(e.Data)).ToListAsync()).Should().Equal("a", "two/0", "two/1");
        (await _store.ReadAllAsync(null, new() { MaxCount = 3 }).Select(e => TextOf(e.Data)).ToListAsync()).Should().Equal(s_texts[..^1]);
    }

    [Test]
    public async Task Filter_takes_each_by_itself()
    {
        await FillAsync();
        var read = _store.ReadAllAsync(null, new() { MaxCount = 1, Filter = EventFilter.Where(e => TextOf(e.Data).EndsWith("/1", StringComparison.Ordinal)) });
        (await read.Select(e => (TextOf(e.Data), e.Ordinal)).ToListAsync()).Should().Equal(("two/1", 1));
    }

    [Test]
    public async Task Folds_take_in_every_event_and_know_the_streams_version()
    {
        await FillAsync();
        await FillAsync("none");
        var stream = await _store.FoldStreamAsync("s", () => "", (text, e) => $"{text} {TextOf(e)}");
        (stream.State, stream.StreamVersion).Should().Be((" " + string.Join(' ', s_texts), 7));
        var all = await _store.FoldAsync(EventQuery.All, () => 0, (n, _) => n + 1);
        (all.State, all.EventsRead).Should().Be((7, 7));
    }

    [Test]
    public async Task Decision_is_made_on_every_event()
    {
        await FillAsync();
        var executed = await _store.ExecuteAsync<EventCount>("s", seen => [new Noted($"{seen.Count}")]);
        (await _store.ReadStreamAsync("s").LastAsync()).Data.Should().Be(new Noted("7"));
        executed.StreamVersion.Should().Be(7);
        var query = await _store.ExecuteAsync<EventCount>(EventQuery.Of<Noted>(), seen => [EventData.For("t", new Noted($"{seen.Count}"))]);
        (await _store.ReadStreamAsync("t").SingleAsync()).Data.Should().Be(new Noted("8"));
        query.State.Count.Should().Be(9);
    }

    [Test]
    public async Task Handler_of_single_events_gets_each_and_the_checkpoint_moves_after_the_last()
    {
        await FillAsync();
        await using var subscriber = Subscribe();
        var subscription = await subscriber.SubscribeAsync("each", SubscriptionHandler.Each((e, _, _) =>
        {
            See(e);
            return Done;
        }));
        await WaitAsync(subscription, 6);
        SeenAll();
        await subscription.DisposeAsync();
        (await CheckpointAsync("each")).Should().Be(6);
    }

    [Test]
    public async Task Handler_that_waits_gets_them_one_after_another()
    {
        await FillAsync();
        await using var subscriber = Subscribe();
        var running = 0;
        var subscription = await subscriber.SubscribeAsync("each", SubscriptionHandler.Each(async (e, _, _) =>
        {
            Interlocked.Increment(ref running).Should().Be(1);
            await Task.Yield();
            See(e);
            Interlocked.Decrement(ref running);
        }));
        await WaitAsync(subscription, 6);
        SeenAll();
    }

    [Test]
    public async Task Handler_of_batches_gets_all_in_order()
    {
        await FillAsync();
        await using var subscriber = Subscribe();
        var calls = 0;
        var subscription = await subscriber.SubscribeAsync("batches", SubscriptionHandler.Batches((events, _, _) =>
        {
            calls++;
            events.Should().NotBeEmpty();
            foreach (var e in events) See(e);
            return Done;
        }));
        await WaitAsync(subscription, 6);
        SeenAll();
        calls.Should().Be(1);
    }

    [Test]
    public async Task Batch_of_stored_events_that_read_as_none_is_no_call()
    {
        await FillAsync("none", "none");
        await using var subscriber = Subscribe();
        var subscription = await subscriber.SubscribeAsync("batches", SubscriptionHandler.Batches((_, _, _) => throw new InvalidOperationException("called")));
        await WaitAsync(subscription, 2);
        (await subscription.GetStatusAsync()).LastError.Should().BeNull();
    }

    [Test]
    public async Task Handler_by_type_gets_those_of_its_type_only()
    {
        await FillAsync("a", "mixed", "two");
        await using var subscriber = Subscribe();
        var subscription = await subscriber.SubscribeAsync("typed", SubscriptionHandler.ByType(types => types.On<Noted>((_, e, _) =>
        {
            See(e);
            return Done;
        })));
        await WaitAsync(subscription, 3);
        _seen.Select(e => (TextOf(e.Data), e.Ordinal)).Should().Equal(("a", 0), ("mixed/1", 1), ("two/0", 0), ("two/1", 1));
    }

    [Test]
    public async Task Raw_handlers_get_what_is_stored()
    {
        await FillAsync();
        await using var subscriber = Subscribe();
        var seen = new ConcurrentQueue<long>();
        var subscription = await subscriber.SubscribeAsync("raw", SubscriptionHandler.RawEach((e, _, _) =>
        {
            seen.Enqueue(e.Position.ToInt64());
            return Done;
        }));
        await WaitAsync(subscription, 6);
        seen.Should().Equal(1, 2, 3, 4, 5, 6);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Failure_in_the_second_of_three_repeats_the_stored_event_as_a_whole_and_parks_it_as_one(bool isTyped)
    {
        await FillAsync("a", "three", "b");
        await _store.AppendAsync("t", ExpectedVersion.Any, [new Noted("c")]);
        await using var subscriber = Subscribe();
        var (isBroken, enlisted) = (true, 0);
        Task HandleAsync(EventEnvelope e, DeliveryContext delivery)
        {
            See(e);
            delivery.Append("out", ExpectedVersion.Any, [new UserRegistered($"{++enlisted}", TextOf(e.Data))]);
            return isBroken && TextOf(e.Data) == "three/1" ? throw new InvalidOperationException("broken") : Done;
        }

        var handler = isTyped
            ? SubscriptionHandler.ByType(types => types.On<Noted>((_, e, delivery, _) => HandleAsync(e, delivery)))
            : SubscriptionHandler.Each((e, delivery, _) => e.Data is Noted ? HandleAsync(e, delivery) : Done);
        var subscription = await subscriber.SubscribeAsync("parking", handler, new() { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } });
        await WaitAsync(subscription, 4);
        _seen.Select(e => TextOf(e.Data)).Should().Equal("a", "three/0", "three/1", "three/0", "three/1", "c");
        var parked = await subscription.ReadParkedAsync().ToListAsync();
        parked.Select(p => (p.Event.Position.ToInt64(), p.Attempts)).Should().Equal((2, 2), (3, 0));
        // What the first of the three enlisted was forgotten with the attempt.
        (await OutAsync()).Should().Equal("a", "c");

        (isBroken, _) = (false, 0);
        _seen.Clear();
        (await subscription.RetryAsync("s")).Should().Be(2);
        _seen.Select(e => TextOf(e.Data)).Should().Equal("three/0", "three/1", "three/2", "b");
        (await OutAsync()).Should().Equal("a", "c", "three/0", "three/1", "three/2", "b");
        (await subscription.ReadParkedAsync().ToListAsync()).Should().BeEmpty();
    }

    private async Task<List<string>> OutAsync() => await _store.ReadStreamAsync("out").Select(e => TextOf(e.Data)).ToListAsync();

    [Test]
    public async Task Failure_in_the_second_of_three_pauses_before_the_stored_event()
    {
        await FillAsync("a", "three", "b");
        await using var subscriber = Subscribe();
        var isBroken = true;
        var subscription = await subscriber.SubscribeAsync("pausing", SubscriptionHandler.Each((e, _, _) =>
        {
            See(e);
            return Volatile.Read(ref isBroken) && TextOf(e.Data) == "three/1" ? throw new InvalidOperationException("broken") : Done;
        }), new() { OnFailure = new() { MaxRetryAttempts = 0 } });
        await UntilAsync(async () => (await subscription.GetStatusAsync()).State == SubscriptionState.Paused);
        (await CheckpointAsync("pausing")).Should().Be(1);
        Volatile.Write(ref isBroken, false);
        await subscription.ResumeAsync();
        await WaitAsync(subscription, 3);
        _seen.Select(e => TextOf(e.Data)).Should().Equal("a", "three/0", "three/1", "three/0", "three/1", "three/2", "b");
    }

    [Test]
    public async Task Batch_that_fails_is_delivered_again_stored_event_by_stored_event()
    {
        await FillAsync("a", "three", "none", "b");
        await using var subscriber = Subscribe();
        var batches = new ConcurrentQueue<string>();
        var subscription = await subscriber.SubscribeAsync("batches", SubscriptionHandler.Batches((events, _, _) =>
        {
            batches.Enqueue(string.Join(' ', events.Select(e => TextOf(e.Data))));
            return batches.Count == 1 ? throw new InvalidOperationException("broken") : Done;
        }), new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await WaitAsync(subscription, 4);
        batches.Should().Equal("a three/0 three/1 three/2 b", "a", "three/0 three/1 three/2", "b");
    }

    [Test]
    public async Task Predicate_of_a_durable_filter_takes_each_by_itself()
    {
        await FillAsync();
        await using var bus = new EventBus(_store);
        var subscription = await bus.SubscribeAsync("routed", SubscriptionHandler.Each((e, _, _) =>
        {
            See(e);
            return Done;
        }), new() { Filter = EventFilter.Where(e => TextOf(e.Data) is "a" or "three/1" or "three/2" or "two/0") });
        await WaitAsync(subscription, 6);
        _seen.Select(e => (TextOf(e.Data), e.Ordinal)).Should().Equal(("a", 0), ("two/0", 0), ("three/1", 1), ("three/2", 2));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Live_subscriptions_get_each_by_itself(bool isHistory)
    {
        if (isHistory) await FillAsync();
        await using var bus = new EventBus(_store);
        await using var all = await bus.SubscribeLiveAsync(EventFilter.All, e =>
        {
            See(e);
            return Done;
        }, new() { From = StartFrom.Beginning });
        var routed = new ConcurrentQueue<string>();
        await using var some = await bus.SubscribeLiveAsync(EventFilter.Where(e => TextOf(e.Data).EndsWith("/1", StringComparison.Ordinal)), e =>
        {
            routed.Enqueue(TextOf(e.Data));
            return Done;
        }, new() { From = StartFrom.Beginning });
        var raw = new ConcurrentQueue<long>();
        await using var bytes = await bus.SubscribeLiveRawAsync(EventFilter.Where(e => TextOf(e.Data).EndsWith("/1", StringComparison.Ordinal)), (e, _) =>
        {
            raw.Enqueue(e.Position.ToInt64());
            return Done;
        }, new() { From = StartFrom.Beginning });
        if (!isHistory) await FillAsync();
        await UntilAsync(() => Task.FromResult(all.Position.ToInt64() == 6 && some.Position.ToInt64() == 6 && bytes.Position.ToInt64() == 6));
        SeenAll();
        routed.Should().Equal("two/1", "three/1");
        raw.Should().Equal(3, 4);
        (all.Handled, some.Handled, bytes.Handled, all.Failures).Should().Be((7, 2, 2, 0));
    }

    [Test]
    public async Task Live_subscription_that_fails_at_the_second_of_three_gets_the_third()
    {
        await FillAsync("three", "b");
        await using var bus = new EventBus(_store);
        await using var listener = await bus.SubscribeLiveAsync(EventFilter.All, e =>
        {
            See(e);
            return e.Ordinal == 1 ? throw new InvalidOperationException("broken") : Done;
        }, new() { From = StartFrom.Beginning });
        await UntilAsync(() => Task.FromResult(listener.Position.ToInt64() == 2));
        _seen.Select(e => TextOf(e.Data)).Should().Equal("three/0", "three/1", "three/2", "b");
        (listener.Handled, listener.Failures).Should().Be((3, 1));
    }

    [Test]
    public async Task Reaction_sends_a_command_for_each_once()
    {
        await FillAsync("two", "a");
        var commands = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, (command, _, _) =>
            Task.FromResult<IEnumerable<object>>([EventData.For("out", new UserRegistered("1", command.Text))])));
        await using var bus = new EventBus(_store, commands: commands);
        var subscription = await bus.ReactAsync<Noted, Note>("react", (noted, _) => new Note("out", noted.Text));
        await WaitAsync(subscription, 2);
        await subscription.ResetAsync(StartFrom.Beginning);
        await WaitAsync(subscription, (await _store.GetHeadAsync()).ToInt64());
        (await OutAsync()).Should().Equal("two/0", "two/1", "a");
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var giveUp = new CancellationTokenSource(s_patience);
        while (!await condition())
        {
            giveUp.IsCancellationRequested.Should().BeFalse("it must not wait that long");
            await Task.Delay(1);
        }
    }
}
