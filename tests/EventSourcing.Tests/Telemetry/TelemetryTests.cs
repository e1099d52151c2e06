using System.Diagnostics;
using System.Diagnostics.Metrics;
using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Telemetry;

/// <summary>Listeners are the process's, so these tests run alone.</summary>
[NonParallelizable]
public sealed class TelemetryTests
{
    private EventStore _store = null!;

    [SetUp]
    public void Open() => _store = new(new InMemoryEventLog(), School.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    private static ActivityListener Listen(List<Activity> stopped)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == EventSourcingTelemetry.Name,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = stopped.Add,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static Append Note(string stream = "order-1", string? commandId = null) =>
        new Append { CommandId = commandId }.To(stream, ExpectedVersion.Any, [new Noted("x")]);

    [Test]
    public async Task An_append_is_a_span_named_by_category()
    {
        List<Activity> spans = [];
        using (Listen(spans)) await _store.AppendAsync(Note(commandId: "c"));
        var span = spans.Should().ContainSingle().Subject;
        (span.DisplayName, span.Kind, span.Status).Should().Be(("append order", ActivityKind.Client, ActivityStatusCode.Unset));
        span.TagObjects.Should().Contain([
            new("db.system.name", "memory"), new("db.operation.name", "append"), new("db.collection.name", "order"), new("eventsourcing.stream.id", "order-1"),
            new("eventsourcing.command.id", "c"), new("eventsourcing.event.count", 1), new("eventsourcing.position", 1L), new("eventsourcing.duplicate", false)]);
    }

    [Test]
    public async Task A_refused_append_is_a_failed_span()
    {
        List<Activity> spans = [];
        using (Listen(spans))
        {
            var act = async () => await _store.AppendAsync("order-1", ExpectedVersion.StreamExists, [new Noted("x")]);
            await act.Should().ThrowAsync<WrongExpectedVersionException>();
        }

        var span = spans.Should().ContainSingle().Subject;
        (span.Status, span.GetTagItem("error.type")).Should().Be((ActivityStatusCode.Error, typeof(WrongExpectedVersionException).FullName));
    }

    [Test]
    public async Task A_command_is_a_span_around_its_append()
    {
        var bus = new CommandBus(_store, handlers => handlers.Add(SchoolJson.Default.Note, (note, _, _) => Task.FromResult<IEnumerable<object>>([EventData.For(note.Stream, new Noted(note.Text))])));
        List<Activity> spans = [];
        using (Listen(spans)) await bus.SendAsync(new Note("a-1", "x"), new() { CommandId = "c" });
        spans.Select(s => s.DisplayName).Should().Equal("append a", "handle Note");
        spans[0].ParentSpanId.Should().Be(spans[1].SpanId);
        spans[1].TagObjects.Should().Contain([
            new("eventsourcing.command.type", "Note"), new("eventsourcing.command.id", "c"), new("eventsourcing.command.attempts", 1), new("eventsourcing.duplicate", false)]);
    }

    [Test]
    public async Task Correlation_and_trace_parent_come_from_the_activity()
    {
        using var activity = new Activity("request").Start();
        activity.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        await _store.AppendAsync(Note());
        var e = await _store.ReadStreamAsync("order-1").FirstAsync();
        e.CorrelationId.Should().Be(activity.TraceId.ToHexString());
        e.Headers["traceparent"].Should().Be(activity.Id);
    }

    [Test]
    public async Task An_activity_that_is_not_recorded_leaves_no_trace_parent()
    {
        using var activity = new Activity("request").Start();
        await _store.AppendAsync(Note());
        (await _store.ReadStreamAsync("order-1").FirstAsync()).Headers.Should().BeEmpty();
    }

    [Test]
    public async Task Appends_and_conflicts_are_measured()
    {
        List<(string Name, object? Category, object? Error)> measured = [];
        using (var listener = new MeterListener())
        {
            listener.InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == EventSourcingTelemetry.Name) l.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<double>((i, _, tags, _) => measured.Add(Of(i, tags)));
            listener.SetMeasurementEventCallback<long>((i, _, tags, _) => measured.Add(Of(i, tags)));
            listener.Start();
            await _store.AppendAsync(Note());
            var act = async () => await _store.AppendAsync("order-1", ExpectedVersion.NoStream, [new Noted("x")]);
            await act.Should().ThrowAsync<WrongExpectedVersionException>();
        }

        var error = typeof(WrongExpectedVersionException).FullName;
        measured.Should().Equal(
            ("eventsourcing.append.duration", "order", null), ("eventsourcing.append.duration", "order", error), ("eventsourcing.append.conflicts", "order", error));

        static (string, object?, object?) Of(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var all = tags.ToArray().ToDictionary();
            return (instrument.Name, all.GetValueOrDefault("db.collection.name"), all.GetValueOrDefault("error.type"));
        }
    }

    [Test]
    public async Task Nobody_listening_costs_nothing()
    {
        await BytesPerAppendAsync();
        var never = await BytesPerAppendAsync();
        List<Activity> spans = [];
        double listened;
        using (Listen(spans)) listened = await BytesPerAppendAsync();
        var after = await BytesPerAppendAsync();
        TestContext.Out.WriteLine($"bytes per append: {never:F0} without listener, {listened:F0} with, {after:F0} after it left");
        listened.Should().BeGreaterThan(never + 200, "a listener is what costs");
        after.Should().BeApproximately(never, 1);
        never.Should().Be(0, "what describes an append to a log is used again");
    }

    private static async Task<double> BytesPerAppendAsync()
    {
        const int count = 2000;
        await using var store = new EventStore(new NothingLog(), School.Types);
        var append = Note();
        await store.AppendAsync(append);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < count; i++)
        {
            var pending = store.AppendAsync(append);
            if (!pending.IsCompletedSuccessfully) throw new InvalidOperationException("An append to nothing completes at once.");
            _ = pending.Result;
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;
    }

    /// <summary>Stores nothing and allocates nothing.</summary>
    private sealed class NothingLog : IEventLog
    {
        public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => default;

        public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => default;
    }
}
