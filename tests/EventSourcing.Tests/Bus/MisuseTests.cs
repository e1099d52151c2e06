using System.Collections.Concurrent;
using System.Text;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Tests.Bus;

/// <summary>What is refused before anything is started, and options that change too late.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MisuseTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private readonly EventStore _store = new(new InMemoryEventLog(), School.Types);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Test]
    public async Task Asynchronous_observers_are_refused_alone_and_combined()
    {
        await using var bus = new EventBus(_store);
        Action<EventFailure> ok = static _ => { };
        Action<string, SubscriptionState, Exception?> fine = static (_, _, _) => { };
        FluentActions.Invoking(() => bus.EventFailed += async _ => await Task.Yield()).Should().Throw<ArgumentException>().WithParameterName(nameof(EventBus.EventFailed));
        FluentActions.Invoking(() => bus.EventFailed += ok + (async _ => await Task.Yield())).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => bus.StateChanged += async (_, _, _) => await Task.Yield()).Should().Throw<ArgumentException>().WithParameterName(nameof(EventBus.StateChanged));
        FluentActions.Invoking(() => bus.StateChanged += fine + (async (_, _, _) => await Task.Yield())).Should().Throw<ArgumentException>();
    }

    [Test]
    public async Task Handlers_with_several_targets_are_refused()
    {
        await using var bus = new EventBus(_store);
        Func<EventEnvelope, Task> one = static _ => Task.CompletedTask;
        Func<Noted, EventEnvelope, CancellationToken, Task> typed = static (_, _, _) => Task.CompletedTask;
        await bus.Awaiting(b => b.SubscribeLiveAsync(EventFilter.All, one + one)).Should().ThrowAsync<ArgumentException>().WithMessage("*several targets*");
        await bus.Awaiting(b => b.SubscribeAsync("typed", typed + typed)).Should().ThrowAsync<ArgumentException>().WithMessage("*several targets*");
        bus.LiveSubscriptions.Should().BeEmpty();
        bus.Subscriptions.Should().BeEmpty();
    }

    [Test]
    public async Task Reaction_whose_command_has_no_handler_is_refused_at_the_start()
    {
        var commands = new CommandBus(_store, static _ => { });
        await using var bus = new EventBus(_store, commands: commands);
        await bus.Awaiting(b => b.ReactAsync<Noted, Note>("note", (_, _) => null)).Should().ThrowAsync<InvalidOperationException>().WithMessage("*Note*no handler*");
        await bus.Awaiting(b => b.ReactManyAsync<Noted, Note>("note", (_, _) => [])).Should().ThrowAsync<InvalidOperationException>().WithMessage("*no handler*");
        await bus.Awaiting(b => b.ReactManyAsync<Noted, Note[]>("note", (_, _, _) => Task.FromResult<IEnumerable<Note[]>>([]))).Should().ThrowAsync<InvalidOperationException>();
        await bus.Awaiting(b => b.SubscribeAsync(new Reacting())).Should().ThrowAsync<InvalidOperationException>().WithMessage("*no handler*");
        await bus.Awaiting(b => b.SubscribeAsync(new Empty())).Should().ThrowAsync<InvalidOperationException>().WithMessage("*handles no event*");
        bus.Subscriptions.Should().BeEmpty();
        (await _store.Log.ReadRecordsAsync(RecordKind.Checkpoint, "", null, 10, default)).Should().BeEmpty();
    }

    [Test]
    public async Task Options_that_change_after_the_start_change_nothing()
    {
        var options = new SubscriptionOptions { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };
        var settings = new EventBusOptions { StopTimeout = TimeSpan.FromSeconds(3) };
        await using var bus = new EventBus(_store, settings);
        await using var subscription = await bus.SubscribeAsync<Noted>("parks", (_, _, _) => throw new InvalidOperationException("broken"), options);
        (options.OnFailure.Then, options.OnFailure.MaxRetryAttempts, options.CheckpointEvery, options.Filter) = (AfterRetries.Pause, 1000, -1, EventFilter.Where(_ => false));
        (options.OnFailure, settings.StopTimeout) = (null!, TimeSpan.FromDays(1));
        var result = await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        await subscription.WaitForPositionAsync(result.LastPosition).WaitAsync(s_patience);
        (await subscription.GetStatusAsync()).Parked.Should().Be(1);
        bus.Host.Options.StopTimeout.Should().Be(TimeSpan.FromSeconds(3));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Exception_that_is_not_to_be_retried_goes_straight_to_what_follows(bool throws)
    {
        await using var bus = new EventBus(_store);
        var attempts = 0;
        var options = new SubscriptionOptions
        {
            OnFailure = new() { Then = AfterRetries.Park, ShouldRetry = e => throws ? throw new FormatException("undecided") : e is not InvalidOperationException },
        };
        await using var subscription = await bus.SubscribeAsync<Noted>("once", (_, _, _) =>
        {
            attempts++;
            throw new InvalidOperationException("broken");
        }, options);
        var result = await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        await subscription.WaitForPositionAsync(result.LastPosition).WaitAsync(s_patience);
        attempts.Should().Be(1);
        (await subscription.GetStatusAsync()).ParkedReason.Should().Contain("broken");
    }

    [Test]
    public async Task Handler_that_returns_no_task_fails_and_says_so()
    {
        await using var bus = new EventBus(_store);
        await using var subscription = await bus.SubscribeAsync<Noted>("null", (_, _, _) => null!, new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } });
        var result = await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        await subscription.WaitForPositionAsync(result.LastPosition).WaitAsync(s_patience);
        (await subscription.GetStatusAsync()).ParkedReason.Should().Contain("Task.CompletedTask");
    }

    [Test]
    public async Task One_filter_admits_the_same_events_to_reads_durable_and_live_subscriptions()
    {
        for (var i = 1; i <= 12; i++)
        {
            var stored = new LogEvent
            {
                Type = "noted",
                Data = Encoding.UTF8.GetBytes($$"""{"text":"{{i}}"}"""),
                IsJson = true,
                CorrelationId = i % 3 == 0 ? "third" : "other",
                Metadata = Encoding.UTF8.GetBytes($$"""{"actor":"{{(i % 2 == 0 ? "ann" : "bob")}}","tenant":"{{i % 4}}"}"""),
            };
            await _store.Log.AppendAsync(new LogAppend { Writes = new[] { new StreamWrite($"{(i <= 9 ? "order" : "cart")}-{i}", ExpectedVersion.Any, new[] { stored }) } }, default);
        }

        var head = await _store.GetHeadAsync();
        await using var bus = new EventBus(_store);
        foreach (var (filter, expected) in new (EventFilter Filter, long[] Positions)[]
        {
            (EventFilter.Actor("ann"), [2, 4, 6, 8, 10, 12]),
            (EventFilter.Correlation("third").And(EventFilter.Category("order")), [3, 6, 9]),
            (EventFilter.Header("tenant", "1").And(EventQuery.Of<Noted>()), [1, 5, 9]),
            (EventFilter.Where(e => e.Position.ToInt64() > 3).And(EventFilter.Actor("bob")).And(EventFilter.Category("order")), [5, 7, 9]),
        })
        {
            var (read, durable, live) = (new List<long>(), new ConcurrentQueue<long>(), new ConcurrentQueue<long>());
            await foreach (var e in _store.ReadAllAsync(null, new() { Filter = filter })) read.Add(e.Position.ToInt64());
            await using var subscription = await bus.SubscribeAsync($"{filter}".Replace('/', ' '), SubscriptionHandler.Each((e, _, _) =>
            {
                durable.Enqueue(e.Position.ToInt64());
                return Task.CompletedTask;
            }), new() { Filter = filter });
            var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var listening = await bus.SubscribeLiveAsync(filter, e =>
            {
                live.Enqueue(e.Position.ToInt64());
                if (live.Count == expected.Length) all.TrySetResult();
                return Task.CompletedTask;
            }, new() { From = StartFrom.Beginning });
            await subscription.WaitForPositionAsync(head).WaitAsync(s_patience);
            await all.Task.WaitAsync(s_patience);
            (read, durable, live).Should().BeEquivalentTo((expected, expected, expected), $"{filter}");
        }
    }

    [Test]
    public async Task Handler_is_tested_without_a_store()
    {
        var delivery = DeliveryContext.Create("shipping", partition: 3, attempt: 2, isReplay: true, fencingToken: 7);
        (delivery.Subscription, delivery.Partition, delivery.Attempt, delivery.IsReplay, delivery.FencingToken).Should().Be(("shipping", 3, 2, true, 7L));
        var rows = new List<string>();
        delivery.Append("copies", ExpectedVersion.Any, [new Noted("1")]);
        delivery.Enlist<List<string>>(list => list.Add("row"));
        FluentActions.Invoking(() => delivery.Enlist<List<string>>(async _ => await Task.Yield())).Should().Throw<ArgumentException>();
        delivery.EnlistedAppends.Should().HaveCount(1);
        delivery.RunEnlisted(rows).Should().Be(1);
        rows.Should().Equal("row");
        FluentActions.Invoking(() => delivery.RunEnlisted(new object())).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => DeliveryContext.Create(partition: 16)).Should().Throw<ArgumentOutOfRangeException>();
        await Task.CompletedTask;
    }

    [Test]
    public void Disposing_a_default_scope_keeps_what_is_being_handled()
    {
        using (EventContext.BeginScope(new EventMetadata { CorrelationId = "outer" }))
        {
            default(EventContextScope).Dispose();
            EventContext.Current!.CorrelationId.Should().Be("outer");
            using (EventContext.BeginScope(new EventMetadata { CorrelationId = "inner" })) EventContext.Current!.CorrelationId.Should().Be("inner");
            EventContext.Current!.CorrelationId.Should().Be("outer");
        }

        EventContext.Current.Should().BeNull();
    }

    [Test]
    public async Task Subscriber_uses_scoped_services_by_a_scope_for_each_event()
    {
        await using var services = new ServiceCollection().AddScoped<Scoped>().BuildServiceProvider(validateScopes: true);
        var subscriber = new Scoping(services.GetRequiredService<IServiceScopeFactory>());
        await using var bus = new EventBus(_store);
        await using var subscription = await bus.SubscribeAsync(subscriber);
        var result = await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1"), new Noted("2")]);
        await subscription.WaitForPositionAsync(result.LastPosition).WaitAsync(s_patience);
        subscriber.Used.Should().HaveCount(2).And.OnlyHaveUniqueItems().And.OnlyContain(s => s.IsDisposed);
    }

    private sealed class Scoped : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Scoping : EventSubscriber
    {
        internal Scoping(IServiceScopeFactory scopes) : base("scoping") =>
            On<Noted>(async (_, _, _) =>
            {
                await using var scope = scopes.CreateAsyncScope();
                Used.Enqueue(scope.ServiceProvider.GetRequiredService<Scoped>());
            });

        internal ConcurrentQueue<Scoped> Used { get; } = new();
    }

    private sealed class Reacting : EventSubscriber
    {
        internal Reacting() : base("reacting") => React<Noted, Note>((noted, _) => new("copies", noted.Text));
    }

    private sealed class Empty() : EventSubscriber("empty");
}
