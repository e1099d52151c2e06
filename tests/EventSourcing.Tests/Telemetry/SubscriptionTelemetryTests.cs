using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Telemetry;

/// <summary>What subscriptions tell meters and activity listeners. Listeners are the process's, so these tests run alone.</summary>
[NonParallelizable, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SubscriptionTelemetryTests : IAsyncDisposable
{
    private const string Subscription = "messaging.destination.subscription.name";

    private readonly FakeTimeProvider _clock = new(new(2026, 11, 28, 0, 0, 0, TimeSpan.Zero));
    private readonly HeldLog _log;
    private readonly EventStore _store;
    private readonly EventBus _subscriber;

    public SubscriptionTelemetryTests()
    {
        _log = new(new InMemoryEventLog(new() { TimeProvider = _clock }));
        _store = new(_log, School.Types);
        _subscriber = new(_store, new() { TimeProvider = _clock });
    }

    public async ValueTask DisposeAsync()
    {
        await _subscriber.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static ActivityListener Listen(List<Activity> stopped)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == EventSourcingTelemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                lock (stopped) stopped.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static List<Activity> Processed(List<Activity> spans)
    {
        lock (spans) return [.. spans.Where(s => s.DisplayName.StartsWith("process ", StringComparison.Ordinal))];
    }

    private static object?[] Links(Activity span) => [.. span.Links.Select(l => (object?)l.Context.SpanId)];

    private async Task<AppendResult> AppendAsync(params string[] texts) => await _store.AppendAsync("s-1", ExpectedVersion.Any, texts.Select(t => (object)new Noted(t)));

    // What a collection has read in the background is seen by the next one only.
    private static async Task UntilAsync(Func<bool> condition)
    {
        using var giveUp = new CancellationTokenSource(Signal.Patience);
        while (!condition()) await Task.Delay(1, giveUp.Token);
    }

    private static Task HandledAsync(Subscription subscription, GlobalPosition position) => subscription.WaitForPositionAsync(position).WaitAsync(Signal.Patience);

    [Test]
    public async Task Each_event_handled_is_a_span_that_links_to_its_append()
    {
        List<Activity> spans = [];
        using var listening = Listen(spans);
        var first = (await AppendAsync("a", "b")).LastPosition;
        var current = new List<Activity?>();
        var subscription = await _subscriber.SubscribeAsync("notes", SubscriptionHandler.Each(async (e, _, token) =>
        {
            current.Add(Activity.Current);
            if (e.StreamId == "s-1") await _store.AppendAsync("copy-1", ExpectedVersion.Any, [e.Data], token);
        }));
        await HandledAsync(subscription, GlobalPosition.FromInt64(first.ToInt64() + 2));
        await _subscriber.DisposeAsync();
        var processed = Processed(spans);
        var append = spans[0];
        processed.Should().HaveCount(4);
        processed.Should().OnlyContain(s => s.DisplayName == "process notes" && s.Kind == ActivityKind.Consumer && s.Status == ActivityStatusCode.Unset && s.Parent == null);
        current.Should().Equal(processed);
        Links(processed[0]).Should().Equal(append.SpanId);
        Links(processed[1]).Should().Equal(append.SpanId);
        Links(processed[2]).Should().Equal([spans.Single(s => s.ParentSpanId == processed[0].SpanId).SpanId], "the copy was appended by the handler");
        processed[0].TraceId.Should().NotBe(append.TraceId, "a subscription is no part of the request");
        var e = await _store.ReadStreamAsync("s-1").FirstAsync();
        processed[0].TagObjects.Should().BeEquivalentTo(new KeyValuePair<string, object?>[]
        {
            new("messaging.system", "eventsourcing"), new("messaging.operation.name", "process"), new("messaging.operation.type", "process"), new(Subscription, "notes"),
            new("messaging.message.id", e.EventId.ToString()), new("messaging.message.conversation_id", e.CorrelationId), new("eventsourcing.event.type", "noted"),
            new("eventsourcing.stream.id", "s-1"), new("eventsourcing.position", 1L), new("eventsourcing.attempt", 1),
        });
    }

    [Test]
    public async Task A_batch_is_one_span_with_a_link_for_each_append()
    {
        List<Activity> spans = [];
        using var listening = Listen(spans);
        await AppendAsync("a", "b");
        var last = (await AppendAsync("c")).LastPosition;
        await HandledAsync(await _subscriber.SubscribeAsync("notes", SubscriptionHandler.Batches((_, _, _) => Task.CompletedTask)), last);
        var span = Processed(spans).Should().ContainSingle().Subject;
        Links(span).Should().Equal(spans[0].SpanId, spans[1].SpanId);
        (span.GetTagItem("messaging.batch.message_count"), span.GetTagItem("eventsourcing.position")).Should().Be((3, 3L));
    }

    [Test]
    public async Task An_event_that_nobody_traced_or_whose_metadata_is_damaged_has_no_link()
    {
        await AppendAsync("a");
        var last = (await _log.AppendAsync(new LogAppend
        {
            Writes = new[] { new StreamWrite("s-2", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), Metadata = "traceparent?"u8.ToArray() } }) },
        }, default)).LastPosition;
        List<Activity> spans = [];
        using var listening = Listen(spans);
        await HandledAsync(await _subscriber.SubscribeAsync("notes", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask)), last);
        var processed = Processed(spans);
        processed.Should().HaveCount(2);
        processed.Should().OnlyContain(s => !s.Links.Any() && s.Status == ActivityStatusCode.Unset);
    }

    [Test]
    public async Task A_handler_that_throws_is_a_failed_span([Values] bool isLater)
    {
        var last = (await AppendAsync("a")).LastPosition;
        List<Activity> spans = [];
        using var listening = Listen(spans);
        var subscription = await _subscriber.SubscribeAsync("notes", SubscriptionHandler.RawEach(async (_, delivery, _) =>
        {
            if (isLater) await Task.Yield();
            if (delivery.Attempt == 1) throw new FormatException("no");
        }), new() { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero } });
        await HandledAsync(subscription, last);
        await _subscriber.DisposeAsync();
        Processed(spans).Select(s => (s.Status, s.GetTagItem("error.type"), s.GetTagItem("eventsourcing.attempt"))).Should().Equal(
            (ActivityStatusCode.Error, typeof(FormatException).FullName, 1), (ActivityStatusCode.Unset, null, 2));
    }

    [Test]
    public async Task Handled_failed_and_parked_events_and_calls_of_the_handler_are_measured_by_subscription_and_outcome()
    {
        var measured = new Measured();
        await _store.AppendAsync("bad", ExpectedVersion.Any, [new Noted("1"), new Noted("2"), new Noted("3")]);
        var last = (await AppendAsync("a", "b")).LastPosition;
        var park = new SubscriptionOptions { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.Zero, Then = AfterRetries.Park } };
        using (measured.Listen())
        {
            var subscription = await _subscriber.SubscribeAsync("notes", SubscriptionHandler.RawEach((e, _, _) => e.StreamId == "bad" ? throw new FormatException("no") : Task.CompletedTask), park);
            await HandledAsync(subscription, last);
            (await subscription.RetryAsync("bad")).Should().Be(0);
            var paused = await _subscriber.SubscribeAsync("paused", SubscriptionHandler.RawEach((_, _, _) => throw new FormatException("no")), new() { OnFailure = new() { MaxRetryAttempts = 0 } });
            await FluentActions.Awaiting(() => HandledAsync(paused, last)).Should().ThrowAsync<SubscriptionException>();
        }

        measured.Sum("eventsourcing.subscription.handled", (Subscription, "notes")).Should().Be(2);
        measured.Sum("eventsourcing.subscription.parked", (Subscription, "notes")).Should().Be(3, "two are held back");
        measured.Sum("eventsourcing.subscription.failed", (Subscription, "notes"), ("eventsourcing.outcome", "retried")).Should().Be(1);
        measured.Sum("eventsourcing.subscription.failed", (Subscription, "notes"), ("eventsourcing.outcome", "parked")).Should().Be(2, "the retry that was asked for fails as well");
        measured.Sum("eventsourcing.subscription.failed", (Subscription, "paused"), ("eventsourcing.outcome", "paused")).Should().Be(1);
        measured.Count("eventsourcing.subscription.handler.duration", (Subscription, "notes")).Should().Be(2);
        measured.Count("eventsourcing.subscription.handler.duration", (Subscription, "notes"), ("error.type", typeof(FormatException).FullName)).Should().Be(3);
        measured.Attributes("eventsourcing.subscription.").Should().BeSubsetOf([Subscription, "eventsourcing.outcome", "error.type"]);
    }

    [Test]
    public async Task Lag_is_told_in_events_and_in_time_and_reads_nothing_when_asked([Values] bool isGroup)
    {
        var subscription = await _subscriber.SubscribeAsync("notes", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask), new() { IsPartitioned = isGroup });
        await HandledAsync(subscription, (await AppendAsync("a")).LastPosition);
        var measured = new Measured();
        using var listener = measured.Listen();
        (double? Events, double? Seconds) Ask()
        {
            measured.Clear();
            listener.RecordObservableInstruments();
            return (measured.Last("eventsourcing.subscription.lag.events", (Subscription, "notes")), measured.Last("eventsourcing.subscription.lag.time", (Subscription, "notes")));
        }

        Ask().Should().Be((0, 0));
        await subscription.PauseAsync();
        _clock.Advance(TimeSpan.FromMinutes(1));
        await AppendAsync("b");
        _clock.Advance(TimeSpan.FromMinutes(1));
        await AppendAsync("c");
        // The collection goes on while the log does not answer.
        _log.Hold();
        Ask().Should().Be((0, 0), "what is not read yet is not known");
        _log.Release();
        await UntilAsync(() => Ask() == (2, 60));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Ask().Should().Be((2, 120));
        await subscription.ResumeAsync();
        await HandledAsync(subscription, GlobalPosition.FromInt64(3));
        Ask().Should().Be((0, 0));
        await _subscriber.DisposeAsync();
        Ask().Should().Be((null, null), "it is not at work in this process");
    }

    [Test]
    public async Task Lag_of_an_event_at_which_the_handler_is_stuck_grows()
    {
        var (began, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var last = (await AppendAsync("a", "b")).LastPosition;
        _clock.Advance(TimeSpan.FromSeconds(5));
        var subscription = await _subscriber.SubscribeAsync("notes", SubscriptionHandler.RawEach(async (_, _, _) =>
        {
            began.TrySetResult();
            await release.Task;
        }));
        await began.Task.WaitAsync(Signal.Patience);
        var measured = new Measured();
        using (var listener = measured.Listen())
        {
            listener.RecordObservableInstruments();
            measured.Last("eventsourcing.subscription.lag.events", (Subscription, "notes")).Should().Be(2);
            measured.Last("eventsourcing.subscription.lag.time", (Subscription, "notes")).Should().Be(5);
        }

        release.SetResult();
        await HandledAsync(subscription, last);
    }

    [Test]
    public async Task A_clock_that_throws_keeps_no_other_lag_from_being_told()
    {
        var clock = new BrokenClock();
        await using var other = new EventBus(_store, new() { TimeProvider = clock });
        var last = (await AppendAsync("a")).LastPosition;
        var broken = await other.SubscribeAsync("broken", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask));
        var sound = await _subscriber.SubscribeAsync("sound", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask));
        await HandledAsync(broken, last);
        await HandledAsync(sound, last);
        var measured = new Measured();
        clock.IsBroken = true;
        using (var listener = measured.Listen()) listener.RecordObservableInstruments();
        clock.IsBroken = false;
        measured.Last("eventsourcing.subscription.lag.events", (Subscription, "sound")).Should().Be(0);
        measured.Last("eventsourcing.subscription.lag.events", (Subscription, "broken")).Should().BeNull();
    }

    private sealed class BrokenClock : TimeProvider
    {
        internal volatile bool IsBroken;

        public override DateTimeOffset GetUtcNow() => IsBroken ? throw new InvalidOperationException("no time") : base.GetUtcNow();
    }

    [Test]
    public async Task Nobody_listening_costs_nothing()
    {
        var never = await BytesPerEventAsync("a");
        List<Activity> spans = [];
        double listened, measured;
        using (Listen(spans)) listened = await BytesPerEventAsync("b");
        using (new Measured().Listen()) measured = await BytesPerEventAsync("c");
        var after = await BytesPerEventAsync("d");
        TestContext.Out.WriteLine($"bytes per event: {never:F0} without listener, {listened:F0} with one for activities, {measured:F0} for measurements, {after:F0} after they left");
        listened.Should().BeGreaterThan(never + 200, "a listener is what costs");
        after.Should().Be(never);
        never.Should().Be(BytesOfHandling, "to say what is being handled is all that costs");
    }

    // See SubscriptionAllocationTests: what is kept of an event that is handled as bytes.
    private const double BytesOfHandling = 152;

    private async Task<double> BytesPerEventAsync(string name)
    {
        if (name == "a") await AppendAsync([.. Enumerable.Range(0, 3000).Select(i => $"{i}")]);
        var (before, taken, thread) = (0L, double.PositiveInfinity, 0);
        var subscription = await _subscriber.SubscribeAsync(name, SubscriptionHandler.RawEach((_, _, _) =>
        {
            var now = GC.GetAllocatedBytesForCurrentThread();
            if (before > 0 && thread == Environment.CurrentManagedThreadId) taken = Math.Min(taken, now - before);
            (before, thread) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CurrentManagedThreadId);
            return Task.CompletedTask;
        }));
        await HandledAsync(subscription, await _store.GetHeadAsync());
        return taken;
    }

    [Test]
    public void Durations_advise_buckets_from_microseconds_to_seconds()
    {
        List<Instrument> instruments = [];
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => instruments.Add(instrument) };
        listener.Start();
        var ours = instruments.Where(i => i.Meter.Name == EventSourcingTelemetry.Name).ToList();
        ours.Select(i => i.Name).Should().BeSubsetOf(typeof(EventSourcingTelemetry).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!));
        foreach (var histogram in ours.OfType<Histogram<double>>())
        {
            histogram.Unit.Should().Be("s");
            var boundaries = histogram.Advice!.HistogramBucketBoundaries!;
            boundaries.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
            (boundaries[0], boundaries[^1]).Should().Be((0.00001, 10));
        }

        ours.OfType<Histogram<double>>().Should().HaveCount(4);
    }

    /// <summary>Everything that the library's instruments measured.</summary>
    private sealed class Measured
    {
        private readonly List<(string Name, double Value, Dictionary<string, object?> Tags)> _all = [];

        internal MeterListener Listen()
        {
            var listener = new MeterListener
            {
                InstrumentPublished = static (instrument, l) =>
                {
                    if (instrument.Meter.Name == EventSourcingTelemetry.Name) l.EnableMeasurementEvents(instrument);
                },
            };
            listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Add(i, value, tags));
            listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Add(i, value, tags));
            listener.Start();
            return listener;
        }

        internal double Sum(string name, params (string, object?)[] tags) => Of(name, tags).Sum();

        internal int Count(string name, params (string, object?)[] tags) => Of(name, tags).Count;

        internal double? Last(string name, params (string, object?)[] tags) => Of(name, tags) is [.., var last] ? last : null;

        internal IEnumerable<string> Attributes(string prefix)
        {
            lock (_all) return [.. _all.Where(m => m.Name.StartsWith(prefix, StringComparison.Ordinal)).SelectMany(m => m.Tags.Keys).Distinct()];
        }

        internal void Clear()
        {
            lock (_all) _all.Clear();
        }

        private List<double> Of(string name, (string, object?)[] tags)
        {
            lock (_all) return [.. _all.Where(m => m.Name == name && m.Tags.Count == tags.Length && Array.TrueForAll(tags, t => Equals(m.Tags.GetValueOrDefault(t.Item1), t.Item2))).Select(m => m.Value)];
        }

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_all) _all.Add((instrument.Name, value, tags.ToArray().ToDictionary()));
        }
    }

    /// <summary>A log whose reads can be held up.</summary>
    private sealed class HeldLog(IEventLog log) : DelegatingLog(log)
    {
        private volatile TaskCompletionSource? _held;

        internal void Hold() => _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Release()
        {
            var held = _held!;
            _held = null;
            held.SetResult();
        }

        public override ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) =>
            _held is { } held ? ReadLaterAsync(held.Task, read, cancellationToken) : base.ReadAsync(read, cancellationToken);

        private async ValueTask<LogPage> ReadLaterAsync(Task held, LogRead read, CancellationToken cancellationToken)
        {
            await held;
            return await base.ReadAsync(read, cancellationToken);
        }
    }
}
