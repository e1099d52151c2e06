using System.Collections.Concurrent;
using System.Text;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>A log that three versions of a program wrote, read by the third, on any log.</summary>
public abstract class EvolvingTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private IEventLog _log = null!;
    private EventStore _store = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public async Task SetUp()
    {
        _log = OpenLog();
        _store = new(_log, EvolvedShop.Third);
        await _log.WriteGoldenAsync();
    }

    [TearDown]
    public async Task TearDown() => await _store.DisposeAsync();

    private static IEnumerable<object> All => EvolvedShop.Read.Select(read => read.Data);

    private static void SeenAll(IEnumerable<EventEnvelope> seen) =>
        seen.Select(e => (e.Data, (int)e.Position.ToInt64(), e.Ordinal)).Should().Equal(EvolvedShop.Read);

    [Test]
    public async Task Every_read_gives_the_events_of_today()
    {
        SeenAll(await _store.ReadStreamAsync("order-1").ToListAsync());
        SeenAll(await _store.ReadAllAsync().ToListAsync());
        (await _store.ReadAllAsync(null, new() { Direction = ReadDirection.Backward }).Select(e => e.Data).ToListAsync())
            .Should().Equal(EvolvedShop.Read.GroupBy(read => read.Position).Reverse().SelectMany(group => group.Select(read => read.Data)));
    }

    [Test]
    public async Task Stored_bytes_names_and_numbers_stay_as_they_are()
    {
        var stored = new List<(string, int, string)>();
        using var page = await _log.ReadAsync(new AllRead(), default);
        foreach (ref readonly var e in page.Events) stored.Add((e.Type, e.SchemaVersion, Encoding.UTF8.GetString(e.Data.Span)));
        stored.Should().Equal(EvolvedShop.Golden);
        (await _store.ReadAllAsync().Select(e => (e.Type, e.Version)).Take(3).ToListAsync()).Should().Equal(("order-opened", 1), ("order-opened", 3), ("cents-paid", 4));
    }

    [Test]
    public async Task Query_by_a_type_finds_what_reads_as_it_and_nothing_else()
    {
        (await DataAsync(EventQuery.Of<OrderOpened>())).Should().Equal(All.OfType<OrderOpened>());
        (await DataAsync(EventQuery.Of<EurosPaid>())).Should().Equal(new EurosPaid(3.99m), new EurosPaid(4m));
        (await DataAsync(EventQuery.Of<SkuAdded>())).Should().Equal(new SkuAdded("a"), new SkuAdded("b"), new SkuAdded("c"));
        (await DataAsync(EventQuery.Of<BasketFilled>())).Should().Equal(new BasketFilled(7), new BasketFilled(0));
        (await DataAsync(EventQuery.Of<SkuAdded, BasketFilled>())).Should().Equal(All.Where(e => e is SkuAdded or BasketFilled));
        (await DataAsync(EventQuery.Of<SkuAdded>().Or(EventQuery.OfTypes("basket-filled").InStream("order-2")))).Should().HaveCount(3);
        (await DataAsync(EventQuery.OfTypes("basket-filled"))).Should().HaveCount(5);
        (await _store.ReadAllAsync(EventQuery.Of<BasketFilled>(), new() { MaxCount = 1 }).Select(e => e.Data).ToListAsync()).Should().Equal(new BasketFilled(7));
        (await _store.ReadStreamAsync("order-1", new() { Filter = EventFilter.Of<SkuAdded>() }).Select(e => e.Data).ToListAsync()).Should().HaveCount(3);
        (await _store.FoldAsync(EventQuery.Of<SkuAdded>(), () => "", (text, e) => text + ((SkuAdded)e).Sku)).State.Should().Be("abc");
    }

    private async Task<List<object>> DataAsync(EventQuery query) => await _store.ReadAllAsync(query).Select(e => e.Data).ToListAsync();

    [Test]
    public async Task Folds_get_every_event_and_versions_are_those_of_stored_events()
    {
        var folded = await _store.FoldStreamAsync("order-1", () => new List<object>(), (list, e) => [.. list, e]);
        folded.State.Should().Equal(All);
        folded.StreamVersion.Should().Be(EvolvedShop.Golden.Length);
        (await _store.FoldStreamAsync("order-1", () => 0, (n, _) => n + 1, throughVersion: 5)).State.Should().Be(6);
        (await _store.FoldAsync(EventQuery.All, () => 0, (n, _) => n + 1)).Position.ToInt64().Should().Be(EvolvedShop.Golden.Length);
        (await _store.AppendAsync("order-1", ExpectedVersion.Exactly(10), [new EurosPaid(1)])).Version.Should().Be(11);
    }

    [Test]
    public async Task Decisions_are_made_on_the_events_of_today()
    {
        var model = DecisionModel.Of(EventQuery.Of<SkuAdded>(), () => 0, (n, _) => n + 1).And(DecisionModel.Of(EventQuery.Of<BasketFilled>(), () => 0, (n, e) => n + ((BasketFilled)e).Count));
        var seen = (0, 0);
        await _store.ExecuteAsync(model, (items, count) =>
        {
            seen = (items, count);
            return [EventData.For("order-9", new SkuAdded("d"))];
        });
        seen.Should().Be((3, 7));
        (await DataAsync(EventQuery.Of<SkuAdded>())).Should().HaveCount(4);
        await _store.ExecuteAsync<EventCount>("order-1", count => [new EurosPaid(count.Count)]);
        (await _store.ReadStreamAsync("order-1").LastAsync()).Data.Should().Be(new EurosPaid(10));
    }

    [Test]
    public async Task Condition_by_a_type_is_refused_by_the_stored_events_that_read_as_it()
    {
        var head = await _store.GetHeadAsync();
        await new EventStore(_log, EvolvedShop.First).AppendAsync("order-2", ExpectedVersion.Any, [new CentsPaid(1)]);
        await Invoking(() => _store.AppendAsync(new Append().To("order-3", ExpectedVersion.Any, [new EurosPaid(2)]).FailIf(EventQuery.Of<EurosPaid>(), head)).AsTask())
            .Should().ThrowAsync<AppendConditionFailedException>();
    }

    private static Func<Task> Invoking(Func<Task> action) => action;

    [TestCase("each")]
    [TestCase("batches")]
    [TestCase("typed")]
    [TestCase("typed batches")]
    public async Task Subscriptions_get_the_events_of_today(string form)
    {
        var seen = new ConcurrentQueue<EventEnvelope>();
        Task See(EventEnvelope e)
        {
            seen.Enqueue(e);
            return Task.CompletedTask;
        }

        Task SeeAll(IReadOnlyList<EventEnvelope> events)
        {
            foreach (var e in events) seen.Enqueue(e);
            return Task.CompletedTask;
        }

        var handler = form switch
        {
            "each" => SubscriptionHandler.Each((e, _, _) => See(e)),
            "batches" => SubscriptionHandler.Batches((events, _, _) => SeeAll(events)),
            "typed" => SubscriptionHandler.ByType(types => types.On<SkuAdded>((_, e, _, _) => See(e)).On<EurosPaid>((_, e, _, _) => See(e))),
            _ => SubscriptionHandler.Batches([typeof(SkuAdded), typeof(EurosPaid)], (events, _, _) => SeeAll(events)),
        };
        await using var bus = new EventBus(_store);
        var subscription = await bus.SubscribeAsync("s", handler);
        await WaitAsync(subscription, 10);
        if (form.StartsWith("typed", StringComparison.Ordinal)) seen.Select(e => e.Data).Should().Equal(All.Where(e => e is SkuAdded or EurosPaid));
        else SeenAll(seen);
        // The last stored event reads as none; the checkpoint is after it.
        (await subscription.GetStatusAsync()).Position.ToInt64().Should().Be(10);
    }

    private static Task WaitAsync(Subscription subscription, long position) => subscription.WaitForPositionAsync(GlobalPosition.FromInt64(position)).WaitAsync(s_patience);

    [Test]
    public async Task Live_subscriptions_get_the_events_of_today()
    {
        await using var bus = new EventBus(_store);
        var (all, items) = (new ConcurrentQueue<EventEnvelope>(), new ConcurrentQueue<object>());
        await using var everything = await bus.SubscribeLiveAsync(EventFilter.All, e =>
        {
            all.Enqueue(e);
            return Task.CompletedTask;
        }, new() { From = StartFrom.Beginning });
        await using var some = await bus.SubscribeLiveAsync(EventFilter.Of<SkuAdded>(), e =>
        {
            items.Enqueue(e.Data);
            return Task.CompletedTask;
        }, new() { From = StartFrom.Beginning });
        using var giveUp = new CancellationTokenSource(s_patience);
        while (everything.Position.ToInt64() < 10 || some.Position.ToInt64() < 8) await Task.Delay(1, giveUp.Token);
        SeenAll(all);
        items.Should().Equal(All.OfType<SkuAdded>());
    }

    [Test]
    public async Task Parked_events_are_kept_as_stored_and_retried_as_the_events_of_today()
    {
        await using var bus = new EventBus(_store);
        var (seen, isBroken) = (new ConcurrentQueue<EventEnvelope>(), true);
        var subscription = await bus.SubscribeAsync("parking", SubscriptionHandler.Each((e, _, _) =>
        {
            if (Volatile.Read(ref isBroken)) throw new InvalidOperationException("broken");
            seen.Enqueue(e);
            return Task.CompletedTask;
        }), new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        await WaitAsync(subscription, 10);
        var parked = await subscription.ReadParkedAsync().ToListAsync();
        parked.Select(p => (p.Event.Type, p.Event.SchemaVersion, Encoding.UTF8.GetString(p.Event.Data.Span))).Should().Equal(EvolvedShop.Golden);
        Volatile.Write(ref isBroken, false);
        await subscription.RetryAsync("order-1");
        SeenAll(seen);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Views_fold_the_events_of_today(bool isRunning)
    {
        await using var views = new EventViews(_store, [new EvolvedOrders()]);
        if (isRunning) await views.StartAsync();
        else await views.CatchUpAsync();
        var orders = views.View<EvolvedRow>();
        // The log's last event reads as none: the view is at it all the same.
        (await orders.At(GlobalPosition.FromInt64(10)).FindAsync("1")).Should().Be(new EvolvedRow(38.1m, 7.99m, "abc"));
        await _log.WriteGoldenAsync("order-2");
        if (!isRunning) await views.CatchUpAsync();
        (await orders.At(GlobalPosition.FromInt64(20)).FindAsync("2")).Should().Be(new EvolvedRow(38.1m, 7.99m, "abc"));
        (await views.VerifyAsync("evolved-orders")).IsEqual.Should().BeTrue();
        await views.RebuildAsync("evolved-orders");
        (await orders.FindAsync("2")).Should().Be(new EvolvedRow(38.1m, 7.99m, "abc"));
    }

    [Test]
    public async Task Older_program_that_meets_a_newer_number_says_so()
    {
        var older = new EventStore(_log, EvolvedShop.Second);
        var error = (await Invoking(async () => await older.ReadAllAsync().ToListAsync()).Should().ThrowAsync<UnknownSchemaVersionException>()).Which;
        (error.Type, error.SchemaVersion, error.Newest, error.StreamId.Value, error.Position.ToInt64(), error.IsTransient).Should().Be(("order-opened", 3, 2, "order-1", 6, false));
        error.Message.Should().Be("The event at position 6 of stream 'order-1' is stored as 'order-opened' with schema number 3, and this program knows 'order-opened' up to number 2. "
            + "A newer version of the program wrote it. Update this process; a subscription that paused here continues with ResumeAsync or at the next start.");
        await Invoking(async () => await older.FoldStreamAsync("order-1", () => 0, (n, _) => n)).Should().ThrowAsync<UnknownSchemaVersionException>();
        (await older.ReadStreamAsync("order-1", new() { ThroughVersion = 5 }).CountAsync()).Should().Be(5);
    }

    [Test]
    public async Task View_of_an_older_program_stops_before_a_newer_number()
    {
        var older = new EventStore(_log, EvolvedShop.Second);
        await using var views = new EventViews(older, [new SecondOrders()]);
        var error = (await Invoking(() => views.CatchUpAsync()).Should().ThrowAsync<EventSourcingException>()).Which;
        (error as UnknownSchemaVersionException ?? error.InnerException).Should().BeOfType<UnknownSchemaVersionException>();
        await _log.WriteGoldenAsync("order-2");
        await Invoking(() => views.CatchUpAsync()).Should().ThrowAsync<EventSourcingException>();
    }

    [Test]
    public async Task Types_that_are_only_read_are_refused_in_an_append()
    {
        var head = await _store.GetHeadAsync();
        object[] refused = [new OrderArchived("old"), new CentsPaid(1), new Pinged(), new OrderOpenedV2("1", 1), new BasketV1([])];
        foreach (var e in refused)
        {
            var error = (await Invoking(() => _store.AppendAsync("order-5", ExpectedVersion.Any, [new SkuAdded("a"), e]).AsTask()).Should().ThrowAsync<ReadOnlyEventTypeException>()).Which;
            (error.ClrType, error.StreamId).Should().Be((e.GetType(), (StreamId)"order-5"));
            await Invoking(() => _store.ExecuteAsync<EventCount>("order-5", _ => [e]).AsTask()).Should().ThrowAsync<ReadOnlyEventTypeException>();
        }

        (await _store.GetHeadAsync()).Should().Be(head);
        (await Invoking(() => _store.AppendAsync("order-5", ExpectedVersion.Any, [new CentsPaid(1)]).AsTask()).Should().ThrowAsync<ReadOnlyEventTypeException>())
            .WithMessage("Nothing was written. CentsPaid cannot be appended to stream 'order-5' as 'cents-paid': stored events of the type read as EurosPaid, and none are written. Append an event of a type that is written.");
        (await Invoking(() => _store.AppendAsync("order-5", ExpectedVersion.Any, [new OrderOpenedV2("1", 1)]).AsTask()).Should().ThrowAsync<ReadOnlyEventTypeException>())
            .WithMessage("*it is the shape of an older schema number, from which 'order-opened' is upcast. Append OrderOpened.");
    }

    [Test]
    public async Task Read_only_type_is_read_and_found()
    {
        var writer = new EventStore(_log, EventTypeMap.Create(EvolvedJson.Default, map => map.Add<OrderArchived>("order-archived")));
        await writer.AppendAsync("order-1", ExpectedVersion.Any, [new OrderArchived("old")]);
        (await DataAsync(EventQuery.Of<OrderArchived>())).Should().Equal(new OrderArchived("old"));
        (await _store.ReadStreamAsync("order-1").LastAsync()).Data.Should().Be(new OrderArchived("old"));
    }

    [Test]
    public async Task Query_by_a_type_that_nothing_reads_as_is_refused()
    {
        (await Invoking(async () => await DataAsync(EventQuery.Of<CentsPaid>())).Should().ThrowAsync<UnknownEventTypeException>())
            .WithMessage("No stored event reads as CentsPaid: events that are stored as 'cents-paid' are upcast to EurosPaid. Ask for that; for the stored events themselves, use EventQuery.OfTypes(\"cents-paid\").");
        (await DataAsync(EventQuery.OfTypes("cents-paid"))).Should().Equal(new EurosPaid(3.99m));
        await using var bus = new EventBus(_store);
        await Invoking(() => bus.SubscribeAsync("old", SubscriptionHandler.ByType(types => types.On<CentsPaid>((_, _, _, _) => Task.CompletedTask)))).Should().ThrowAsync<UnknownEventTypeException>();
    }

    [Test]
    public async Task Rolling_deployment_loses_and_misreads_nothing()
    {
        // The old program handles events and pauses at the first one that the new program wrote; then it is replaced.
        var (log, seen) = (_log, new ConcurrentQueue<string>());
        var old = new EventStore(log, EventTypeMap.Create(EvolvedJson.Default, map => map.Add<OrderOpenedV2>("order-opened", e => e.SchemaVersion(2).Upcast(from: 1, json => json))));
        var start = await _store.GetHeadAsync();
        await using (var bus = new EventBus(old))
        {
            var subscription = await bus.SubscribeAsync("orders", SubscriptionHandler.ByType(types => types.On<OrderOpenedV2>((e, _, _, _) =>
            {
                seen.Enqueue($"{e.OrderId} {e.Total:0.00} EUR");
                return Task.CompletedTask;
            })), new() { From = StartFrom.After(start), OnFailure = new() { MaxRetryAttempts = 0 } });
            for (var i = 0; i < 20; i++) await old.AppendAsync($"order-o{i}", ExpectedVersion.NoStream, [new OrderOpenedV2($"o{i}", i)]);
            await Task.WhenAll(Enumerable.Range(0, 20).SelectMany(i => new[]
            {
                old.AppendAsync($"order-p{i}", ExpectedVersion.NoStream, [new OrderOpenedV2($"p{i}", i)]).AsTask(),
                _store.AppendAsync($"order-n{i}", ExpectedVersion.NoStream, [new OrderOpened($"n{i}", new(i, "EUR"))]).AsTask(),
            }));
            using var giveUp = new CancellationTokenSource(s_patience);
            while ((await subscription.GetStatusAsync()).State != SubscriptionState.Paused) await Task.Delay(1, giveUp.Token);
            (await subscription.GetStatusAsync()).LastError!.InnerException.Should().BeOfType<UnknownSchemaVersionException>();
            seen.Should().NotContain(text => text.StartsWith('n'));
        }

        await using (var bus = new EventBus(_store))
        {
            var subscription = await bus.SubscribeAsync("orders", SubscriptionHandler.ByType(types => types.On<OrderOpened>((e, _, _, _) =>
            {
                seen.Enqueue($"{e.OrderId} {e.Total.Amount:0.00} {e.Total.Currency}");
                return Task.CompletedTask;
            })));
            await subscription.WaitForPositionAsync(await _store.GetHeadAsync()).WaitAsync(s_patience);
        }

        seen.Should().BeEquivalentTo("opn".SelectMany(kind => Enumerable.Range(0, 20).Select(i => $"{kind}{i} {i:0.00} EUR")));
        (await _store.ReadAllAsync(EventQuery.Of<OrderOpened>(), new() { AfterPosition = start }).CountAsync()).Should().Be(60);
    }
}
