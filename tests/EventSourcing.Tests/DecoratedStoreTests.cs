using System.Collections.Concurrent;
using EventSourcing.Hosting;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace EventSourcing.Tests;

/// <summary>A store that decorates another works wherever a store is taken, and sees what <see cref="IEventStore"/> says that it sees.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DecoratedStoreTests : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Counting _store = new(new EventStore(new InMemoryEventLog(), School.Types));

    public async ValueTask DisposeAsync() => await _store.DisposeAsync();

    private static Task WaitAsync(Subscription subscription, long position) => subscription.WaitForPositionAsync(GlobalPosition.FromInt64(position)).WaitAsync(s_patience);

    [Test]
    public async Task Subscription_delivers_and_writes_past_it()
    {
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        await using var subscriber = new EventBus(_store);
        var subscription = await subscriber.SubscribeAsync("copy", SubscriptionHandler.ByType(types => types.On<Noted>((noted, _, delivery, _) =>
        {
            if (noted.Text == "1") delivery.Append("b", ExpectedVersion.Any, [new Noted("2")]);
            return Task.CompletedTask;
        })));
        await WaitAsync(subscription, 1);
        _store.Appends.Should().Equal("a");
        (await _store.ReadStreamAsync("b").SingleAsync()).Data.Should().Be(new Noted("2"));
    }

    [Test]
    public async Task Bus_delivers_to_live_and_durable_subscriptions()
    {
        await using var bus = new EventBus(_store);
        var (live, heard) = (new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously));
        await bus.SubscribeLiveAsync(EventFilter.Where(e => e.Data is Noted), e =>
        {
            live.TrySetResult(e.Data);
            return Task.CompletedTask;
        });
        await bus.SubscribeAsync<Noted>("durable", (noted, _, _) =>
        {
            heard.TrySetResult(noted);
            return Task.CompletedTask;
        });
        await _store.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        (await live.Task.WaitAsync(s_patience), await heard.Task.WaitAsync(s_patience)).Should().Be((new Noted("1"), new Noted("1")));
    }

    [Test]
    public async Task Reaction_command_decision_and_repository_append_through_it()
    {
        var commands = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (command, context, ct) =>
        {
            await context.LoadAsync<EventCount>(command.Stream, ct);
            return [EventData.For(command.Stream, new UserRegistered("1", command.Text))];
        }));
        await using var bus = new EventBus(_store, commands: commands);
        var subscription = await bus.ReactAsync<Noted, Note>("react", (noted, _) => new Note("reacted", noted.Text));
        await _store.ExecuteAsync<EventCount>("decided", _ => [new Noted("1")]);
        await WaitAsync(subscription, 1);
        await _store.ExecuteAsync<EventCount>(EventQuery.Of<UserRegistered>(), _ => [EventData.For("queried", new UserRegistered("2", "x"))]);
        await _store.GetRepository<Notebook>().UpdateAsync("saved", notebook => notebook.Note("1"));
        await commands.SendAsync(new Note("sent", "1"));
        _store.Appends.Should().Equal("decided", "reacted", "queried", "saved", "sent");
    }

    [Test]
    public async Task Container_gives_it_to_bus_commands_and_health_checks()
    {
        var services = new ServiceCollection().AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>));
        // The decorator takes the place of the store; what was registered as the store is what it wraps.
        services.AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddSubscriber<Copying>()).AddEventSourcingHosting();
        var store = services.Single(s => s.ServiceType == typeof(IEventStore));
        services.Remove(store);
        services.AddSingleton<IEventStore>(provider => new Counting((IEventStore)store.ImplementationFactory!(provider)));
        await using var provider = services.BuildServiceProvider();
        foreach (var service in provider.GetServices<IHostedService>()) await service.StartAsync(default);
        var counting = (Counting)provider.GetRequiredService<IEventStore>();
        await counting.AppendAsync("a", ExpectedVersion.Any, [new Noted("1")]);
        await WaitAsync(provider.GetRequiredService<EventBus>().Subscriptions.Single(), 1);
        (await provider.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status.Should().Be(HealthStatus.Healthy);
        counting.Heads.Should().BePositive();
        foreach (var service in provider.GetServices<IHostedService>()) await service.StopAsync(default);
    }

    /// <summary>Without turns most of them would give up, see docs/decisions/0029-conflicting-decisions-take-turns.md.</summary>
    [Test]
    public async Task Sixty_four_deciders_on_one_stream_all_get_through_it()
    {
        var slow = new Counting(new EventStore(new GroupingLog(_store.Log), School.Types));
        var other = new Counting(new Counting(slow));
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(async () =>
        {
            for (var n = 0; n < 4; n++) await (i % 2 == 0 ? slow : other).ExecuteAsync<EventCount>("hot", seen => [new Noted($"{seen.Count}")]);
            return true;
        })));
        outcomes.Should().OnlyContain(done => done);
        (await _store.ReadStreamAsync("hot").Select(e => ((Noted)e.Data).Text).ToListAsync()).Should().Equal(Enumerable.Range(0, 256).Select(n => $"{n}"));
    }

    [Test, CancelAfter(30_000)]
    public async Task Decisions_of_several_stores_on_one_log_meet_and_those_on_another_log_do_not()
    {
        var attempts = 0;
        var mayEnd = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var commands = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, async (command, context, ct) =>
        {
            await context.LoadAsync<EventCount>("hot", ct);
            if (++attempts == 1) await _store.AppendAsync("hot", ExpectedVersion.Any, [new Noted("between")], ct);
            else await mayEnd.Task;
            return [EventData.For("hot", new Noted("held"))];
        }));
        var holding = commands.SendAsync(new Note("hot", "x")).AsTask();
        var second = new EventStore(_store.Log, School.Types).ExecuteAsync<EventCount>("hot", _ => [new Noted("second")]).AsTask();
        await using var elsewhere = new EventStore(new InMemoryEventLog(), School.Types);
        await elsewhere.ExecuteAsync<EventCount>("hot", _ => [new Noted("elsewhere")]);
        (holding.IsCompleted, second.IsCompleted).Should().Be((false, false));
        mayEnd.SetResult();
        await Task.WhenAll(holding, second);
        (await _store.ReadStreamAsync("hot").Select(e => ((Noted)e.Data).Text).ToListAsync()).Should().Equal("between", "held", "second");
    }

    private sealed class Notebook : Aggregate
    {
        public void Note(string text) => Raise(new UserRegistered("3", text));

        protected override void Apply(object @event)
        {
        }
    }

    private sealed class Copying : EventSubscriber
    {
        public Copying() : base("copying") => On<Noted>((_, _, _) => Task.CompletedTask);
    }

    /// <summary>Answers later, as a log does whose appends share a commit: those who decide at the same time meet.</summary>
    private sealed class GroupingLog(IEventLog inner) : DelegatingLog(inner)
    {
        public override async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return await base.AppendAsync(append, cancellationToken);
        }
    }

    private sealed class Counting(IEventStore inner) : DelegatingStore(inner)
    {
        private readonly ConcurrentQueue<string> _appends = [];
        private int _heads;

        internal IEnumerable<string> Appends => _appends;

        internal int Heads => _heads;

        public override ValueTask<AppendResult> AppendAsync(Append append, CancellationToken cancellationToken = default)
        {
            _appends.Enqueue(append.Writes[0].Stream.Value);
            return base.AppendAsync(append, cancellationToken);
        }

        public override ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _heads);
            return base.GetHeadAsync(cancellationToken);
        }
    }
}
