using System.Text.Json.Serialization;
using EventSourcing.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace EventSourcing.Tests.Hosting;

public sealed record Shipped(string Order);

public sealed record Invoice(string Order);

public sealed record Invoiced(string Order);

[JsonSerializable(typeof(Shipped)), JsonSerializable(typeof(Invoice)), JsonSerializable(typeof(Invoiced))]
internal sealed partial class HostingJson : JsonSerializerContext;

public sealed class Harbour
{
    public List<string> Orders { get; } = [];

    public bool IsClosed { get; set; }
}

public sealed class HarbourListener : EventSubscriber
{
    public HarbourListener(Harbour harbour) : base("harbour")
    {
        Options = new() { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };
        On<Shipped>((shipped, _, _) =>
        {
            if (harbour.IsClosed) throw new InvalidOperationException("closed");
            harbour.Orders.Add(shipped.Order);
            return Task.CompletedTask;
        });
    }
}

public sealed class InvoiceHandler : ICommandHandler<Invoice>
{
    public Task<IEnumerable<object>> HandleAsync(Invoice command, CommandContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IEnumerable<object>>([EventData.For("invoices", new Invoiced(command.Order))]);
}

public sealed class InvoiceWhenShipped : EventSubscriber
{
    public InvoiceWhenShipped() : base("invoice-when-shipped") => React<Shipped, Invoice>((shipped, _) => shipped.Order == "gift" ? null : new Invoice(shipped.Order));
}

[Parallelizable(ParallelScope.All)]
public class HostingTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static readonly EventTypeMap s_types = EventTypeMap.Create(HostingJson.Default, map => map.Add<Shipped>("shipped").Add<Invoiced>("invoiced"));

    /// <summary>Keeps what is logged. It writes the whole exception, as loggers do.</summary>
    private sealed class Journal : ILogger<object>, ILoggerFactory, ILogger
    {
        internal System.Collections.Concurrent.ConcurrentQueue<(LogLevel Level, int Id, string Text, Exception? Error)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            _ = exception?.ToString();
            Lines.Enqueue((logLevel, eventId.Id, formatter(state, exception), exception));
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class Speechless : Exception
    {
        public override string Message => throw new InvalidOperationException("no message");

        public override string ToString() => throw new InvalidOperationException("no text");
    }

    private sealed class Clerk : EventSubscriber
    {
        public Clerk(Harbour harbour) : base("clerk")
        {
            Options = new() { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } };
            On<Shipped>((shipped, _, _) =>
            {
                if (shipped.Order == "speechless") throw new Speechless();
                if (harbour.IsClosed) throw new InvalidOperationException("closed");
                return Task.CompletedTask;
            });
        }
    }

    private sealed class Guard : EventSubscriber
    {
        public Guard(Harbour harbour) : base("guard")
        {
            Options = new() { OnFailure = new() { MaxRetryAttempts = 0 } };
            On<Shipped>((_, _, _) => harbour.IsClosed ? throw new InvalidOperationException("closed") : Task.CompletedTask);
        }
    }

    private static ServiceProvider Build() => Build(es => es.AddSubscriber<HarbourListener>());

    private static ServiceProvider Build(Action<EventSourcingBuilder> listeners) => new ServiceCollection()
        .AddSingleton<Harbour>()
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
        .AddEventSourcing(es => listeners(es.UseInMemory().UseEventTypes(s_types)))
        .AddEventSourcingHosting()
        .BuildServiceProvider();

    private static IHostedService Runner(ServiceProvider services) => services.GetServices<IHostedService>().Single(s => s.GetType().Namespace!.StartsWith("EventSourcing.", StringComparison.Ordinal));

    [Test]
    public async Task Subscribers_start_and_stop_with_the_host_and_leave_their_checkpoint()
    {
        await using var services = Build();
        var store = services.GetRequiredService<IEventStore>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        var last = await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a"), new Shipped("b")]);
        var subscription = services.GetRequiredService<EventBus>().Subscriptions.Single();
        await subscription.WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        Assert.That(services.GetRequiredService<Harbour>().Orders, Is.EqualTo("a b".Split(' ')));
        await runner.StopAsync(default);
        Assert.That(subscription.State, Is.EqualTo(SubscriptionState.Stopped));
        Assert.That((await subscription.GetStatusAsync()).Position, Is.EqualTo(last.LastPosition));
        Assert.That((await store.Log.ReadRecordsAsync(EventSourcing.Storage.RecordKind.Checkpoint, "harbour", "harbour", 1, default))[0].Revision, Is.EqualTo(2));
    }

    [Test]
    public async Task Subscriber_that_reacts_sends_its_commands_to_the_handlers_of_the_container()
    {
        await using var services = Build(es => es.AddCommandHandler<Invoice, InvoiceHandler>(HostingJson.Default.Invoice).AddSubscriber<InvoiceWhenShipped>());
        var store = services.GetRequiredService<IEventStore>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a"), new Shipped("gift"), new Shipped("b")]);
        var subscription = services.GetRequiredService<EventBus>().Subscriptions.Single();
        for (var i = 0; i < 3; i++)
        {
            await subscription.WaitForPositionAsync(await store.GetHeadAsync()).WaitAsync(s_patience);
            await subscription.ResetAsync(StartFrom.Beginning).WaitAsync(s_patience);
        }

        await runner.StopAsync(default);
        Assert.That((await store.ReadStreamAsync("invoices").ToListAsync()).Select(e => e.Data), Is.EqualTo(new[] { new Invoiced("a"), new Invoiced("b") }));
    }

    [Test]
    public async Task Subscriber_that_reacts_keeps_a_host_without_command_handlers_from_starting()
    {
        await using var services = Build(es => es.AddSubscriber<InvoiceWhenShipped>());
        Assert.ThrowsAsync<InvalidOperationException>(() => Runner(services).StartAsync(default));
    }

    [Test]
    public async Task Health_checks_tell_of_parked_events_and_of_a_closed_store()
    {
        await using var services = Build();
        var store = services.GetRequiredService<IEventStore>();
        var health = services.GetRequiredService<HealthCheckService>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        Assert.That((await health.CheckHealthAsync()).Status, Is.EqualTo(HealthStatus.Healthy));
        services.GetRequiredService<Harbour>().IsClosed = true;
        var last = await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a")]);
        await services.GetRequiredService<EventBus>().Subscriptions.Single().WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        var report = await health.CheckHealthAsync();
        Assert.That(report.Entries["event-subscriptions"].Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(report.Entries["event-subscriptions"].Description, Does.Match("^harbour has 1 event parked since .*: InvalidOperationException: closed$"));
        await runner.StopAsync(default);
        await store.DisposeAsync();
        Assert.That((await health.CheckHealthAsync()).Entries["event-store"].Status, Is.EqualTo(HealthStatus.Unhealthy));
    }

    [Test]
    public async Task Retries_and_parked_events_are_logged_with_what_an_operator_asks_for()
    {
        var journal = new Journal();
        await using var services = new ServiceCollection()
            .AddSingleton(new Harbour { IsClosed = true })
            .AddSingleton<ILoggerFactory>(journal)
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(s_types).AddSubscriber<Clerk>())
            .AddEventSourcingHosting()
            .BuildServiceProvider();
        var store = services.GetRequiredService<IEventStore>();
        var runner = Runner(services);
        await runner.StartAsync(default);
        await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a"), new Shipped("b")]);
        var last = await store.AppendAsync("ship-2", ExpectedVersion.Any, [new Shipped("speechless")]);
        await services.GetRequiredService<EventBus>().Subscriptions.Single().WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        await runner.StopAsync(default);
        var lines = journal.Lines.Where(l => l.Id is 1006 or 1007 or 1008).ToArray();
        Assert.That(lines.Select(l => (l.Id, l.Level, l.Error?.GetType())), Is.EqualTo(new[]
        {
            (1007, LogLevel.Information, typeof(InvalidOperationException)), (1006, LogLevel.Warning, typeof(InvalidOperationException)),
            (1008, LogLevel.Debug, null), (1007, LogLevel.Information, null), (1006, LogLevel.Warning, null),
        }));
        Assert.That(lines[0].Text, Is.EqualTo("Subscription clerk failed at the event at position 1, shipped of stream ship-1, in attempt 1; the next attempt follows after 00:00:00: InvalidOperationException: closed"));
        Assert.That(lines[1].Text, Is.EqualTo("Subscription clerk parked the event at position 1, shipped of stream ship-1, after attempt 2; later events of key ship-1 are parked too: InvalidOperationException: closed"));
        Assert.That(lines[4].Text, Does.Contain("after attempt 2").And.Contain("Speechless"));
    }

    [Test]
    public async Task Health_tells_a_pause_by_request_from_one_by_a_failure()
    {
        await using var services = Build(es => es.AddSubscriber<Guard>());
        var (store, harbour) = (services.GetRequiredService<IEventStore>(), services.GetRequiredService<Harbour>());
        var bus = services.GetRequiredService<EventBus>();
        var paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bus.StateChanged += (_, state, _) =>
        {
            if (state == SubscriptionState.Paused) paused.TrySetResult();
        };
        var runner = Runner(services);
        await runner.StartAsync(default);
        harbour.IsClosed = true;
        var last = await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a")]);
        await paused.Task.WaitAsync(s_patience);
        var entry = await SubscriptionsAsync(services);
        Assert.That((entry.Status, entry.Exception?.GetType()), Is.EqualTo((HealthStatus.Unhealthy, typeof(SubscriptionException))));
        Assert.That(entry.Description, Does.Contain("guard is paused").And.Contain("closed"));
        harbour.IsClosed = false;
        var subscription = bus.Subscriptions.Single();
        await subscription.ResumeAsync().WaitAsync(s_patience);
        await subscription.WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        await subscription.PauseAsync().WaitAsync(s_patience);
        entry = await SubscriptionsAsync(services);
        Assert.That((entry.Status, entry.Exception), Is.EqualTo((HealthStatus.Healthy, (Exception?)null)));
        Assert.That(entry.Data["guard"], Does.StartWith("Paused by request, lag 0"));
        await runner.StopAsync(default);
    }

    [Test]
    public async Task Health_shows_the_parked_events_own_reason_and_no_failure_that_is_healed()
    {
        await using var services = Build(es => es.AddSubscriber<Clerk>());
        var (store, harbour) = (services.GetRequiredService<IEventStore>(), services.GetRequiredService<Harbour>());
        var runner = Runner(services);
        await runner.StartAsync(default);
        await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("speechless")]);
        harbour.IsClosed = true;
        var last = await store.AppendAsync("ship-2", ExpectedVersion.Any, [new Shipped("b")]);
        var subscription = services.GetRequiredService<EventBus>().Subscriptions.Single();
        await subscription.WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        harbour.IsClosed = false;
        await subscription.RetryAsync("ship-2").WaitAsync(s_patience);
        var entry = await SubscriptionsAsync(services);
        Assert.That((entry.Status, entry.Exception), Is.EqualTo((HealthStatus.Degraded, (Exception?)null)));
        Assert.That(entry.Description, Does.Match("^clerk has 1 event parked since .*: Speechless: "));
        await runner.StopAsync(default);
    }

    [Test]
    public async Task Health_shows_the_owner_of_the_lease_in_standby_and_when_no_process_is_active()
    {
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var services = new ServiceCollection()
            .AddSingleton<Harbour>()
            .AddSingleton<TimeProvider>(clock)
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(s_types).AddSubscriber<Guard>())
            .AddEventSourcingHosting()
            .BuildServiceProvider();
        // The other process's clock stands still: it shows no sign of life.
        await using var other = new EventBus(services.GetRequiredService<IEventStore>(), new() { TimeProvider = new Microsoft.Extensions.Time.Testing.FakeTimeProvider() });
        var active = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        other.StateChanged += (_, state, _) =>
        {
            if (state == SubscriptionState.Live) active.TrySetResult();
        };
        await other.SubscribeAsync("guard", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask));
        await active.Task.WaitAsync(s_patience);
        var runner = Runner(services);
        await runner.StartAsync(default);
        var subscription = services.GetRequiredService<EventBus>().Subscriptions.Single();
        using var giveUp = new CancellationTokenSource(s_patience);
        while ((await subscription.GetStatusAsync(giveUp.Token)).LeaseOwner is null) await Task.Delay(1, giveUp.Token);
        var entry = await SubscriptionsAsync(services);
        Assert.That(entry.Status, Is.EqualTo(HealthStatus.Healthy));
        Assert.That(entry.Data["guard"], Does.StartWith($"standby: process {other.Owner} holds the lease, lag 0"));
        // By one step, so that no look comes in between.
        clock.Advance(TimeSpan.FromSeconds(5));
        entry = await SubscriptionsAsync(services);
        Assert.That(entry.Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(entry.Description, Is.EqualTo($"guard is in standby: no process is active; process {other.Owner} holds the lease and has shown no sign of life for 5.0 s"));
        await runner.StopAsync(default);
    }

    [Test]
    public async Task Every_store_of_the_container_is_started_checked_and_stopped()
    {
        await using var services = new ServiceCollection()
            .AddSingleton<Harbour>()
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddEventSourcingHosting()
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(s_types).AddSubscriber<HarbourListener>())
            .AddEventSourcing("billing", es => es.UseInMemory().UseEventTypes(s_types).AddSubscriber<HarbourListener>())
            .BuildServiceProvider();
        var runner = Runner(services);
        await runner.StartAsync(default);
        var store = services.GetRequiredKeyedService<IEventStore>("billing");
        var last = await store.AppendAsync("ship-1", ExpectedVersion.Any, [new Shipped("a")]);
        var subscription = services.GetRequiredKeyedService<EventBus>("billing").Subscriptions.Single();
        await subscription.WaitForPositionAsync(last.LastPosition).WaitAsync(s_patience);
        Assert.That(services.GetRequiredService<Harbour>().Orders, Is.EqualTo("a".Split(' ')));
        var report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        Assert.That(report.Entries.Keys, Is.EquivalentTo("event-store event-subscriptions event-store-billing event-subscriptions-billing".Split(' ')));
        Assert.That((report.Entries["event-store"].Data["head"], report.Entries["event-store-billing"].Data["head"]), Is.EqualTo((0L, 1L)));
        await runner.StopAsync(default);
        Assert.That(subscription.State, Is.EqualTo(SubscriptionState.Stopped));
        Assert.That(services.GetRequiredService<EventBus>().Subscriptions, Is.Empty);
    }

    [Test]
    public async Task Hosting_without_a_store_says_what_to_add()
    {
        await using var services = new ServiceCollection().AddSingleton(typeof(ILogger<>), typeof(NullLogger<>)).AddEventSourcingHosting().BuildServiceProvider();
        var refusal = Assert.ThrowsAsync<InvalidOperationException>(() => Runner(services).StartAsync(default))!;
        Assert.That(refusal.Message, Does.Contain("services.AddEventSourcing(es => es.UseSqlite("));
    }

    [Test]
    public async Task Subscribers_in_a_host_without_hosting_say_what_to_add()
    {
        var added = new ServiceCollection()
            .AddSingleton<IHostApplicationLifetime, Lifetime>()
            .AddSingleton<Harbour>()
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddEventSourcing(es => es.UseInMemory().UseEventTypes(s_types).AddSubscriber<HarbourListener>());
        await using (var services = added.BuildServiceProvider())
        {
            var refusal = Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<IEventStore>())!;
            Assert.That(refusal.Message, Does.Contain(nameof(HarbourListener)).And.Contain("AddEventSourcingHosting()"));
        }

        await using var hosted = added.AddEventSourcingHosting().BuildServiceProvider();
        Assert.That(hosted.GetRequiredService<IEventStore>(), Is.Not.Null);
    }

    [Test]
    public async Task Hosting_settings_add_up_over_several_calls()
    {
        var services = new ServiceCollection().AddEventSourcingHosting(o => (o.MaxLag, o.MaxParked) = (5, 6)).AddEventSourcingHosting(o => o.MaxLag = 7);
        await using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<EventSourcingHostingOptions>();
        Assert.That((options.MaxLag, options.MaxParked), Is.EqualTo((7, 6)));
        Assert.Throws<ArgumentOutOfRangeException>(() => services.AddEventSourcingHosting(o => o.MaxParked = -1));
    }

    private sealed class Lifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => default;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication()
        {
        }
    }

    private static async Task<HealthReportEntry> SubscriptionsAsync(ServiceProvider services) =>
        (await services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["event-subscriptions"];
}
