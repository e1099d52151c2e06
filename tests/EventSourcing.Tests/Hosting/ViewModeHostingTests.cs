using System.Collections.Concurrent;
using EventSourcing.Hosting;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace EventSourcing.Tests.Hosting;

/// <summary>Inline and live views in a host.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ViewModeHostingTests : IAsyncDisposable
{
    private readonly Valve _valve = new();
    private readonly Journal _journal = new();
    private readonly ServiceProvider _services;

    public ViewModeHostingTests() => _services = Services(es => es.AddProjection<Notes>(ViewMode.Inline).AddProjection<LiveNotes>(ViewMode.Live))
        .AddEventSourcingHosting(o => o.MaxLag = 2)
        .BuildServiceProvider();

    private abstract class Counting : Projection<NotesRow>
    {
        protected Counting(string name, Valve valve) : base(name, version: 1, NotesRowJson.Default.NotesRow)
        {
            KeyIsStream();
            On<Noted>((row, _) => valve.IsBroken ? throw new InvalidOperationException("broken") : new((row?.Count ?? 0) + 1));
        }
    }

    private sealed class Notes(Valve valve) : Counting("notes", valve);

    private sealed class LiveNotes(Valve valve) : Counting("live-notes", valve);

    private sealed class Journal : ILoggerFactory, ILogger
    {
        internal ConcurrentQueue<(int Id, string Text)> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue((eventId.Id, formatter(state, exception)));

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

    private IServiceCollection Services(Action<EventSourcingBuilder> views) => new ServiceCollection()
        .AddSingleton(_valve)
        .AddSingleton<ILoggerFactory>(_journal)
        .AddSingleton(typeof(ILogger<>), typeof(Logger<>))
        .AddEventSourcing(es => views(es.UseInMemory().UseEventTypes(School.Types)));

    private async Task<GlobalPosition> AppendAsync(int count = 1) => (await Store.AppendAsync("a-1", ExpectedVersion.Any, Enumerable.Range(0, count).Select(i => (object)new Noted($"{i}")))).LastPosition;

    private async Task<HealthReportEntry> CheckAsync() => (await _services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["event-views"];

    private Task<NotesRow?> FindAsync(string projection) => Views.View<NotesRow>(projection).FindAsync("a-1").AsTask();

    /// <summary>Pauses the inline view: its handler fails at an event that was stored while it did not run.</summary>
    private async Task PauseByFailureAsync()
    {
        await Runner.StartAsync(default);
        await Views.PauseAsync("notes");
        await AppendAsync();
        _valve.IsBroken = true;
        await Views.ResumeAsync("notes");
    }

    [Test]
    public async Task Inline_view_is_built_at_the_start_and_reads_its_own_write()
    {
        await AppendAsync(2);
        await Runner.StartAsync(default);
        (await FindAsync("notes")).Should().Be(new NotesRow(2));
        await AppendAsync();
        (await FindAsync("notes")).Should().Be(new NotesRow(3));
        var entry = await CheckAsync();
        entry.Status.Should().Be(HealthStatus.Healthy, entry.Description);
        entry.Data.Should().BeEquivalentTo(new Dictionary<string, object> { ["notes.v1"] = "Live, lag 0, build 1", ["live-notes.v1"] = "Folded at each read" });
        await Runner.StopAsync(default);
        _journal.Lines.Where(l => l.Id == 1101).Select(l => l.Text).Should().Equal("View notes.v1 was started");
    }

    [Test]
    public async Task Inline_view_that_is_paused_by_a_failure_is_unhealthy_and_logged_until_it_is_resumed()
    {
        await PauseByFailureAsync();
        var entry = await CheckAsync();
        (entry.Status, entry.Exception?.GetType()).Should().Be((HealthStatus.Unhealthy, typeof(ViewException)));
        entry.Description.Should().StartWith("notes.v1 is paused: ").And.Contain("broken");
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (!_journal.Lines.Any(l => l.Id == 1103 && l.Text.StartsWith("View notes.v1 is paused after a failure", StringComparison.Ordinal))) await Task.Delay(1, giveUp.Token);
        var last = await AppendAsync();
        _valve.IsBroken = false;
        await Views.ResumeAsync("notes");
        (await Views.View<NotesRow>("notes").At(last).FindAsync("a-1")).Should().Be(new NotesRow(2));
        (await CheckAsync()).Status.Should().Be(HealthStatus.Healthy);
    }

    [Test]
    public async Task Inline_view_paused_by_request_is_healthy_and_says_so()
    {
        await Runner.StartAsync(default);
        await Views.PauseAsync("notes");
        await AppendAsync(5);
        var entry = await CheckAsync();
        (entry.Status, entry.Data["notes.v1"]).Should().Be((HealthStatus.Healthy, "Paused by request, lag 5, build 1"));
    }

    [Test]
    public async Task Inline_view_that_is_not_started_is_degraded_and_a_live_one_is_healthy()
    {
        var entry = await CheckAsync();
        (entry.Status, entry.Description).Should().Be((HealthStatus.Degraded, "notes.v1 is not built yet"));
        await AppendAsync();
        (await FindAsync("live-notes")).Should().Be(new NotesRow(1));
    }

    [Test]
    public async Task Inline_projection_in_a_host_without_hosting_says_what_to_add_and_a_live_one_needs_nothing()
    {
        await using var inline = Services(es => es.AddProjection<LiveNotes>(ViewMode.Live).AddProjection<Notes>(ViewMode.Inline)).AddSingleton<IHostApplicationLifetime, Lifetime>().BuildServiceProvider();
        inline.Invoking(s => s.GetRequiredService<EventViews>()).Should().Throw<InvalidOperationException>()
            .WithMessage("*AddProjection<Notes>(ViewMode.Inline)*AddEventSourcingHosting()*AddViewSet(new ViewSet(new Notes(…)) { Mode = ViewMode.Inline })*");
        await using var live = Services(es => es.AddProjection<LiveNotes>(ViewMode.Live)).AddSingleton<IHostApplicationLifetime, Lifetime>().BuildServiceProvider();
        await live.GetRequiredService<IEventStore>().AppendAsync("a-1", ExpectedVersion.Any, [new Noted("x")]);
        (await live.GetRequiredService<IView<NotesRow>>().FindAsync("a-1")).Should().Be(new NotesRow(1));
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
