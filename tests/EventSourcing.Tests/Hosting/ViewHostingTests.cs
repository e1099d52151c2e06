using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using EventSourcing.Hosting;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace EventSourcing.Tests.Hosting;

internal sealed record NotesRow(int Count);

[JsonSerializable(typeof(NotesRow))]
internal sealed partial class NotesRowJson : JsonSerializerContext;

/// <summary>Makes the projection's handler fail, or holds it.</summary>
internal sealed class Valve
{
    internal bool IsBroken { get; set; }

    internal ManualResetEventSlim? Hold { get; set; }
}

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ViewHostingTests : IAsyncDisposable
{
    private readonly Valve _valve = new();
    private readonly Journal _journal = new();
    private readonly ServiceProvider _services;

    public ViewHostingTests() => _services = Build(es => es.AddProjection<Notes>().AddSubscriber<Listener>());

    private sealed class Notes : Projection<NotesRow>
    {
        public Notes(Valve valve) : base("notes", version: 2, NotesRowJson.Default.NotesRow)
        {
            KeyIsStream();
            On<Noted>((row, _) =>
            {
                valve.Hold?.Wait(Signal.Patience);
                return valve.IsBroken ? throw new InvalidOperationException("broken") : new((row?.Count ?? 0) + 1);
            });
        }
    }

    private sealed class Listener : EventSubscriber
    {
        public Listener() : base("listener") => On<Noted>((_, _, _) => Task.CompletedTask);
    }

    private sealed class Journal : ILoggerFactory, ILogger
    {
        internal ConcurrentQueue<(int Id, LogLevel Level, string Text, Exception? Error)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((eventId.Id, logLevel, formatter(state, exception), exception));

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }

    private IEventStore Store => _services.GetRequiredService<IEventStore>();

    private EventViews Views => _services.GetRequiredService<EventViews>();

    private IHostedService Runner => _services.GetServices<IHostedService>().Single(s => s.GetType().Namespace!.StartsWith("EventSourcing.", StringComparison.Ordinal));

    public async ValueTask DisposeAsync() => await _services.DisposeAsync();

    private ServiceProvider Build(Action<EventSourcingBuilder> views) => new ServiceCollection()
        .AddSingleton(_valve)
        .AddSingleton<ILoggerFactory>(_journal)
        .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
        .AddEventSourcing(es => views(es.UseInMemory().UseEventTypes(School.Types)))
        .AddEventSourcingHosting(o => o.MaxLag = 2)
        .BuildServiceProvider();

    private async Task<GlobalPosition> AppendAsync(int count = 1) => (await Store.AppendAsync("a-1", ExpectedVersion.Any, Enumerable.Range(0, count).Select(i => (object)new Noted($"{i}")))).LastPosition;

    private async Task<HealthReportEntry> CheckAsync(string name = "event-views") => (await _services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries[name];

    private Task UntilAsync(SubscriptionState state) => UntilAsync(async () => (await Views.GetStatusAsync())[0].State == state);

    private async Task StartAsync()
    {
        await Runner.StartAsync(default);
        await UntilAsync(SubscriptionState.Live);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (!await condition()) await Task.Delay(1, giveUp.Token);
    }

    [Test]
    public async Task Views_start_and_stop_with_the_host_and_are_read_after_it()
    {
        await AppendAsync(2);
        await Runner.StartAsync(default);
        var last = await AppendAsync();
        var notes = _services.GetRequiredService<IView<NotesRow>>();
        (await notes.At(last).FindAsync("a-1")).Should().Be(new NotesRow(3));
        _services.GetRequiredService<EventBus>().Subscriptions.Select(s => s.Name).Should().BeEquivalentTo("listener", "view:notes.v2");
        await Runner.StopAsync(default);
        _services.GetRequiredService<EventBus>().Subscriptions.Should().BeEmpty();
        (await notes.FindAsync("a-1")).Should().Be(new NotesRow(3));
        var status = (await Views.GetStatusAsync()).Should().ContainSingle().Subject;
        (status.State, status.Position).Should().Be((null, last));
    }

    [Test]
    public async Task Subscriptions_that_run_views_are_checked_and_logged_once()
    {
        await StartAsync();
        (await CheckAsync()).Should().BeEquivalentTo(new { Status = HealthStatus.Healthy, Description = (string?)null, Data = new Dictionary<string, object> { ["notes.v2"] = "Live, lag 0, build 1" } });
        (await CheckAsync("event-subscriptions")).Data.Keys.Should().Equal("listener");
        await Runner.StopAsync(default);
        _journal.Lines.Where(l => l.Id is >= 1000 and < 1100).Should().NotContain(l => l.Text.Contains("notes"));
        _journal.Lines.Where(l => l.Id >= 1100).Should().OnlyContain(l => l.Text.Contains("iew notes.v2"));
    }

    [Test]
    public async Task Start_changes_of_state_and_builds_are_logged()
    {
        await AppendAsync(3);
        await StartAsync();
        await Views.RebuildAsync("notes");
        _valve.IsBroken = true;
        await AppendAsync();
        await UntilAsync(SubscriptionState.Paused);
        await Views.Invoking(v => v.RebuildAsync("notes")).Should().ThrowAsync<ViewException>();
        await Runner.StopAsync(default);
        var lines = _journal.Lines.Where(l => l.Id is > 1100 and not 1102).OrderBy(l => l.Id).ToList();
        lines.Select(l => (l.Id, l.Level, l.Error?.GetType())).Should().Equal(
            (1101, LogLevel.Information, null), (1103, LogLevel.Error, typeof(SubscriptionException)),
            (1105, LogLevel.Information, null), (1105, LogLevel.Information, null), (1105, LogLevel.Information, null),
            (1106, LogLevel.Information, null), (1106, LogLevel.Information, null), (1107, LogLevel.Warning, typeof(ViewException)));
        lines[0].Text.Should().Be("View notes.v2 was started");
        lines[1].Text.Should().StartWith("View notes.v2 is paused after a failure");
        lines[2].Text.Should().Be("View notes.v2 is being built: build 1, after position 0");
        lines[5].Text.Should().StartWith("View notes.v2 was built: build 1, up to position 3, in ");
        lines[7].Text.Should().StartWith("The build of view notes.v2 ended before it was complete: build 3, ");
        _journal.Lines.Should().Contain(l => l.Id == 1102 && l.Level == LogLevel.Debug && l.Text == "View notes.v2 is Live");
    }

    [Test]
    public async Task Health_is_degraded_until_the_first_build_is_complete()
    {
        using var hold = _valve.Hold = new();
        await AppendAsync();
        await Runner.StartAsync(default);
        var entry = await CheckAsync();
        (entry.Status, entry.Description).Should().Be((HealthStatus.Degraded, "notes.v2 is not built yet"));
        hold.Set();
        await Views.CatchUpAsync();
        (await CheckAsync()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Test]
    public async Task Health_is_unhealthy_while_a_view_is_paused_by_a_failure_and_healthy_again_after_it()
    {
        await StartAsync();
        _valve.IsBroken = true;
        var last = await AppendAsync();
        await UntilAsync(SubscriptionState.Paused);
        var entry = await CheckAsync();
        (entry.Status, entry.Exception?.GetType()).Should().Be((HealthStatus.Unhealthy, typeof(SubscriptionException)));
        entry.Description.Should().StartWith("notes.v2 is paused: ").And.Contain("broken");
        _valve.IsBroken = false;
        await Views.ResumeAsync("notes");
        await Views.WaitForPositionAsync("notes", last);
        await UntilAsync(SubscriptionState.Live);
        (await CheckAsync()).Should().BeEquivalentTo(new { Status = HealthStatus.Healthy, Description = (string?)null });
    }

    [Test]
    public async Task View_that_failed_in_a_process_before_is_healthy_once_it_runs()
    {
        await StartAsync();
        _valve.IsBroken = true;
        var last = await AppendAsync();
        await UntilAsync(SubscriptionState.Paused);
        await Views.StopAsync();
        var entry = await CheckAsync();
        (entry.Status, entry.Data["notes.v2"]).Should().Be((HealthStatus.Degraded, "Not started, lag 1, build 1"));
        entry.Description.Should().StartWith("notes.v2 does not advance: ").And.Contain("broken");
        _valve.IsBroken = false;
        await Views.StartAsync();
        await Views.WaitForPositionAsync("notes", last).WaitAsync(Signal.Patience);
        (await CheckAsync()).Should().BeEquivalentTo(new { Status = HealthStatus.Healthy, Description = (string?)null });
    }

    [Test]
    public async Task View_paused_by_request_is_healthy_and_says_so()
    {
        await StartAsync();
        await Views.PauseAsync("notes");
        await AppendAsync(5);
        var entry = await CheckAsync();
        (entry.Status, entry.Data["notes.v2"]).Should().Be((HealthStatus.Healthy, "Paused by request, lag 5, build 1"));
    }

    [Test]
    public async Task View_that_is_far_behind_is_degraded()
    {
        await StartAsync();
        using var hold = _valve.Hold = new();
        await AppendAsync(3);
        var entry = await CheckAsync();
        hold.Set();
        (entry.Status, entry.Description).Should().Be((HealthStatus.Degraded, "notes.v2 is 3 positions behind"));
    }

    [Test]
    public async Task Changed_declaration_keeps_the_host_from_starting()
    {
        await StartAsync();
        await Runner.StopAsync(default);
        await using var changed = new ServiceCollection()
            .AddSingleton<ILoggerFactory>(_journal)
            .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
            .AddEventSourcing(es => es.UseLog(_ => Store.Log).UseEventTypes(School.Types).AddViewSet(new Other()))
            .AddEventSourcingHosting()
            .BuildServiceProvider();
        var runner = changed.GetServices<IHostedService>().Single(s => s.GetType().Namespace!.StartsWith("EventSourcing.", StringComparison.Ordinal));
        await runner.Invoking(r => r.StartAsync(default)).Should().ThrowAsync<ViewDeclarationException>();
    }

    private sealed class Other : Projection<NotesRow>
    {
        public Other() : base("notes", version: 2, NotesRowJson.Default.NotesRow)
        {
            KeyIsStream();
            Index("count", row => row.Count);
            On<Noted>((row, _) => row);
        }
    }

    [Test]
    public async Task Store_without_views_has_no_check_of_views()
    {
        await using var services = Build(_ => { });
        (await services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries.Keys.Should().BeEquivalentTo("event-store", "event-subscriptions");
    }

    [Test]
    public async Task Projection_in_a_host_without_hosting_says_what_to_add()
    {
        var added = new ServiceCollection().AddSingleton(_valve).AddSingleton<IHostApplicationLifetime, Lifetime>().AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddProjection<Notes>());
        await using var services = added.BuildServiceProvider();
        services.Invoking(s => s.GetRequiredService<IView<NotesRow>>()).Should().Throw<InvalidOperationException>().WithMessage("*AddProjection<Notes>()*AddEventSourcingHosting()*AddViewSet(new Notes(…))*");
        await using var reading = new ServiceCollection().AddSingleton<IHostApplicationLifetime, Lifetime>().AddEventSourcing(es => es.UseInMemory().UseEventTypes(School.Types).AddViewSet(new Notes(_valve))).BuildServiceProvider();
        reading.GetRequiredService<IView<NotesRow>>().Name.Should().Be("notes");
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
}
