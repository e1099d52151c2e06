using System.Collections.Concurrent;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>What packages build on that keep the checkpoint in the user's database: batches by type, subscribers with one handler, and the error of a lost lease.</summary>
public sealed class OutsideHandlerTests
{
    private readonly ConcurrentQueue<long> _handled = [];
    private EventStore _store = null!;
    private EventBus _bus = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        _handled.Clear();
        _store = new(new InMemoryEventLog(), Shop.Types);
        _bus = new(_store);
        for (var i = 0; i < 10; i++) await _store.AppendAsync($"order-{i}", ExpectedVersion.NoStream, [new OrderCreated("ann", 10), new ItemAdded("a", 1), new OrderPaid(10)]);
    }

    [TearDown]
    public async Task CloseAsync()
    {
        await _bus.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Test]
    public async Task Batches_by_type_hold_events_of_these_types_only([Values] bool hasFilter)
    {
        var largest = 0;
        var handler = SubscriptionHandler.Batches([typeof(OrderCreated), typeof(OrderPaid)], (events, _, _) =>
        {
            largest = Math.Max(largest, events.Count);
            foreach (var e in events) _handled.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        });
        var subscription = await _bus.SubscribeAsync("s", handler, hasFilter ? new() { Filter = EventFilter.Category("order") } : null);
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(30)).WaitAsync(Signal.Patience);
        _handled.Should().Equal(Enumerable.Range(1, 30).Where(i => i % 3 != 2).Select(i => (long)i));
        largest.Should().BeGreaterThan(1);
    }

    [Test]
    public void Batches_by_type_need_a_type() =>
        FluentActions.Invoking(() => SubscriptionHandler.Batches([], (_, _, _) => Task.CompletedTask)).Should().Throw<ArgumentException>().WithMessage("*no type*");

    [Test]
    public async Task A_subscriber_may_have_one_handler_for_all_its_events()
    {
        var subscription = await _bus.SubscribeAsync(new Whole(e => _handled.Enqueue(e.Position.ToInt64())));
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(30)).WaitAsync(Signal.Patience);
        _handled.Should().HaveCount(30);
    }

    [Test]
    public void A_subscriber_with_one_handler_has_no_other()
    {
        FluentActions.Invoking(() => new Whole(_ => { }, byType: true)).Should().Throw<InvalidOperationException>().WithMessage("*Add no other*");
        FluentActions.Invoking(() => new Whole(_ => { }, twice: true)).Should().Throw<InvalidOperationException>().WithMessage("*has a handler already*");
    }

    [Test]
    public async Task A_handler_that_finds_its_lease_lost_gives_it_up_and_the_token_is_loaded_again([Values] bool isBatch)
    {
        var (token, hasLost, fences) = (default(ResumeToken?), false, new List<long>());
        Task HandleAsync(EventEnvelope last, DeliveryContext delivery)
        {
            fences.Add(delivery.FencingToken);
            if (!hasLost && last.Position.ToInt64() > 3)
            {
                hasLost = true;
                throw delivery.LeaseLost();
            }

            _handled.Enqueue(last.Position.ToInt64());
            token = delivery.ResumeToken;
            return Task.CompletedTask;
        }

        var handler = isBatch
            ? SubscriptionHandler.Batches((events, delivery, _) => HandleAsync(events[^1], delivery))
            : SubscriptionHandler.Each((e, delivery, _) => HandleAsync(e, delivery));
        var subscription = await _bus.SubscribeAsync("s", handler, new()
        {
            CheckpointEvery = 3,
            OnFailure = new() { MaxRetryAttempts = 0 },
            LoadToken = (_, _) => Task.FromResult(token),
        });
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(30)).WaitAsync(Signal.Patience);

        _handled.Should().Equal(isBatch ? Enumerable.Range(1, 10).Select(i => (long)i * 3) : Enumerable.Range(1, 30).Select(i => (long)i), "nothing is repeated, and nothing is left out");
        fences[^1].Should().BeGreaterThan(fences[0]);
        var status = await subscription.GetStatusAsync();
        status.LastError.Should().BeOfType<LeaseLostException>();
        status.Failures.Should().Be(0, "it is no failure of the event");
    }

    [Test]
    public async Task The_lost_lease_of_another_subscription_is_a_failure_of_the_event()
    {
        var subscription = await _bus.SubscribeAsync("s", SubscriptionHandler.Each((_, delivery, _) => throw new LeaseLostException("other", Guid.Empty, delivery.FencingToken)), new() { OnFailure = new() { MaxRetryAttempts = 0 } });
        await subscription.Awaiting(s => s.WaitForPositionAsync(GlobalPosition.FromInt64(1)).WaitAsync(Signal.Patience)).Should().ThrowAsync<SubscriptionException>();
        subscription.State.Should().Be(SubscriptionState.Paused);
    }

    [Test]
    public void A_context_made_for_a_test_gives_the_error_too() =>
        DeliveryContext.Create("s", fencingToken: 7).LeaseLost().Should().BeEquivalentTo(new { Name = "s", FencingToken = 7L });

    private sealed class Whole : EventSubscriber
    {
        public Whole(Action<EventEnvelope> seen, bool byType = false, bool twice = false) : base("whole")
        {
            var handler = SubscriptionHandler.Each((e, _, _) =>
            {
                seen(e);
                return Task.CompletedTask;
            });
            Handle(handler);
            if (byType) On<OrderPaid>((_, _, _) => Task.CompletedTask);
            if (twice) Handle(handler);
        }
    }
}
