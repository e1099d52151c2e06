using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.Loader;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Telemetry;

/// <summary>Whatever throws among those who watch, what they watch happens as if nobody did. Listeners are the process's, so these tests run alone.</summary>
[NonParallelizable]
public sealed class ThrowingListenerTests
{
    private static InvalidOperationException Exporter => new("exporter failed");

    private static void ThrowIf(bool condition)
    {
        if (condition) throw Exporter;
    }

    private static bool IsOurs(string name) => name == EventSourcingTelemetry.Name;

    private static ActivityListener Tracing(string throwing)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => IsOurs(source.Name),
            Sample = (ref _) => throwing == "sample" ? throw Exporter : ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _ => ThrowIf(throwing is "start" or "start and stop"),
            ActivityStopped = _ => ThrowIf(throwing is "stop" or "start and stop"),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static MeterListener Measuring()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, l) =>
            {
                if (IsOurs(instrument.Meter.Name)) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => throw Exporter);
        listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => throw Exporter);
        listener.Start();
        return listener;
    }

    private static IDisposable Listen(string throwing) => throwing == "measurement" ? Measuring() : Tracing(throwing);

    private static long ObserverFailures()
    {
        var found = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, l) =>
            {
                if (instrument.Name == EventSourcingTelemetry.ObserverFailures) l.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => found = value);
        listener.Start();
        listener.RecordObservableInstruments();
        return found;
    }

    private static CommandBus Commands(EventStore store) =>
        new(store, handlers => handlers.Add(SchoolJson.Default.Note, (note, _, _) => Task.FromResult<IEnumerable<object>>([EventData.For(note.Stream, new Noted(note.Text))])));

    [Test]
    public async Task Append_command_and_decision_happen_as_if_nobody_listened([Values("sample", "start", "stop", "start and stop", "measurement")] string throwing)
    {
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        var bus = Commands(store);
        await store.AppendAsync("a", ExpectedVersion.Any, [new Noted("before")]);
        var failures = ObserverFailures();
        using var outer = new Activity("request").Start();
        using (Listen(throwing))
        {
            (await store.AppendAsync("a", ExpectedVersion.Exactly(1), [new Noted("x")])).Version.Should().Be(2);
            Activity.Current.Should().BeSameAs(outer, "the append's activity is over");
            (await bus.SendAsync(new Note("a", "y"))).Version.Should().Be(3);
            Activity.Current.Should().BeSameAs(outer, "the command's activity is over");
            (await store.ExecuteAsync(DecisionModel.Of<EventCount>(EventQuery.Of<Noted>()), _ => [EventData.For("a", new Noted("z"))])).State.Any.Should().BeTrue();
            var refused = async () => await store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("no")]);
            await refused.Should().ThrowAsync<WrongExpectedVersionException>("a refusal stays what it is");
            Activity.Current.Should().BeSameAs(outer, "the refused append's activity is over");
        }

        (await store.ReadStreamAsync("a").ToListAsync()).Select(e => ((Noted)e.Data).Text).Should().Equal("before", "x", "y", "z");
        ObserverFailures().Should().BeGreaterThan(failures, "what listeners throw is counted");
    }

    [Test]
    public async Task Append_that_waits_for_its_log_happens_as_if_nobody_listened([Values("sample", "start", "stop", "measurement")] string throwing)
    {
        await using var store = new EventStore(new SlowLog(new InMemoryEventLog()), School.Types);
        using (Listen(throwing)) (await store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("x")])).Version.Should().Be(1);
        (await store.ReadStreamAsync("a").ToListAsync()).Should().ContainSingle();
    }

    [Test]
    public async Task Subscription_and_reaction_continue_as_if_nobody_listened([Values("sample", "start", "stop", "measurement")] string throwing)
    {
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        await using var bus = new EventBus(store, commands: Commands(store));
        using var listening = Listen(throwing);
        await store.AppendAsync("a", ExpectedVersion.Any, [new Noted("x"), new Noted("y")]);
        var reaction = await bus.ReactAsync<Noted, Note>("react", (noted, e) => e.StreamId == "a" ? new Note("b", noted.Text) : null);
        var copy = await bus.SubscribeAsync<Noted>("copy", async (noted, e, token) =>
        {
            if (e.StreamId == "a") await store.AppendAsync("c", ExpectedVersion.Any, [noted], token);
        });
        var head = GlobalPosition.FromInt64(6);
        while (await store.GetHeadAsync() is var stored && stored < head) await store.WaitForEventsAsync(stored).AsTask().WaitAsync(Signal.Patience);
        await Task.WhenAll(reaction.WaitForPositionAsync(head), copy.WaitForPositionAsync(head)).WaitAsync(Signal.Patience);
        (await store.ReadStreamAsync("b").ToListAsync()).Select(e => e.Data).Should().Equal(new Noted("x"), new Noted("y"));
        (await store.ReadStreamAsync("c").ToListAsync()).Select(e => e.Data).Should().Equal(new Noted("x"), new Noted("y"));
        (await reaction.GetStatusAsync()).Failures.Should().Be(0);
        (await copy.GetStatusAsync()).Failures.Should().Be(0);
    }

    /// <summary>Instruments are made once in a process: so another copy of the library is loaded beside this one.</summary>
    [Test]
    public void Store_works_in_a_process_whose_meter_listeners_throw_when_an_instrument_is_published()
    {
        using var tracing = new ActivityListener { ShouldListenTo = source => IsOurs(source.Name) ? throw Exporter : false };
        using var measuring = new MeterListener { InstrumentPublished = static (instrument, _) => ThrowIf(IsOurs(instrument.Meter.Name)) };
        // The library of this test's own process has shown its instruments before.
        FluentActions.Invoking(() => ActivitySource.AddActivityListener(tracing)).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(measuring.Start).Should().Throw<InvalidOperationException>();
        var copy = new Copy().LoadFromAssemblyPath(typeof(ThrowingListenerTests).Assembly.Location);
        var probe = copy.GetType(typeof(Probe).FullName!)!.GetMethod(nameof(Probe.Run), BindingFlags.Static | BindingFlags.Public)!;
        probe.Invoke(null, null).Should().Be(1L);
    }

    public static class Probe
    {
        public static long Run()
        {
            var store = new EventStore(new InMemoryEventLog(), School.Types);
            return store.AppendAsync("a", ExpectedVersion.NoStream, [new Noted("x")]).AsTask().GetAwaiter().GetResult().Version;
        }
    }

    private sealed class Copy() : AssemblyLoadContext("copy")
    {
        protected override Assembly? Load(AssemblyName assemblyName) =>
            assemblyName.Name == "EventSourcing" ? LoadFromAssemblyPath(typeof(EventStore).Assembly.Location) : null;
    }

    /// <summary>Answers later, on another thread.</summary>
    private sealed class SlowLog(InMemoryEventLog log) : DelegatingLog(log)
    {
        public override async ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
        {
            await Task.Yield();
            return await Inner.AppendAsync(append, cancellationToken);
        }
    }
}
