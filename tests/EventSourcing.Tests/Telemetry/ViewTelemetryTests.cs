using System.Diagnostics.Metrics;
using System.Text.Json.Serialization;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Telemetry;

internal sealed record MeasuredRow(int Count);

[JsonSerializable(typeof(MeasuredRow))]
internal sealed partial class MeasuredJson : JsonSerializerContext;

/// <summary>What views report to meters. Listeners belong to the process, so these tests run alone.</summary>
[NonParallelizable]
public sealed class ViewTelemetryTests
{
    private sealed class Measured : Projection<MeasuredRow>
    {
        public Measured(Action? onEvent = null) : base("measured", version: 3, MeasuredJson.Default.MeasuredRow)
        {
            KeyIsStream();
            On<Noted>((row, e) =>
            {
                onEvent?.Invoke();
                return e.Text == "gone" ? null : new((row?.Count ?? 0) + 1);
            });
        }
    }

    private sealed class Meters : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<(string Instrument, double Value, string? Set)> _measured = [];

        internal Meters()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name.StartsWith("eventsourcing.projection.", StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
            _listener.Start();
        }

        public void Dispose() => _listener.Dispose();

        internal void Collect() => _listener.RecordObservableInstruments();

        internal double[] Of(string instrument)
        {
            lock (_measured) return [.. _measured.Where(m => m.Instrument == instrument && m.Set == "measured.v3").Select(m => m.Value)];
        }

        private void Add(string instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string? set = null;
            foreach (var (name, tag) in tags)
                if (name == "eventsourcing.view.set") set = tag as string;
            lock (_measured) _measured.Add((instrument, value, set));
        }
    }

    [Test]
    public async Task Documents_and_writes_are_measured_by_set()
    {
        using var meters = new Meters();
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        await store.AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x"), new Noted("y")]);
        await store.AppendAsync("a-2", ExpectedVersion.NoStream, [new Noted("x")]);
        await using var views = new EventViews(store, [new Measured()]);
        await views.CatchUpAsync();
        meters.Of(EventSourcingTelemetry.ProjectionWritten).Sum().Should().Be(2, "a document is written once for each write");
        await store.AppendAsync("a-2", ExpectedVersion.Any, [new Noted("gone")]);
        await views.CatchUpAsync();
        meters.Of(EventSourcingTelemetry.ProjectionWritten).Sum().Should().Be(3);
        meters.Of(EventSourcingTelemetry.ProjectionWriteDuration).Should().NotBeEmpty().And.OnlyContain(seconds => seconds >= 0);
    }

    [Test]
    public async Task Progress_is_measured_while_a_set_is_built()
    {
        using var meters = new Meters();
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        await store.AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x")]);
        await using var views = new EventViews(store, [new Measured(meters.Collect)]);
        await views.RebuildAsync("measured");
        meters.Of(EventSourcingTelemetry.ProjectionRebuildProgress).Should().Equal([0], "the handler's event is not done yet");
        meters.Collect();
        meters.Of(EventSourcingTelemetry.ProjectionRebuildProgress).Should().HaveCount(1, "no build is going on");
    }

    [Test]
    public async Task Build_reports_its_beginning_and_its_end()
    {
        await using var store = new EventStore(new InMemoryEventLog(), School.Types);
        var appended = await store.AppendAsync("a-1", ExpectedVersion.NoStream, [new Noted("x")]);
        await using var views = new EventViews(store, [new Measured()]);
        List<ViewBuildChange> changes = [];
        views.BuildChanged += _ => throw new InvalidOperationException("an observer fails");
        views.BuildChanged += changes.Add;
        await views.RebuildAsync("measured");
        changes.Select(c => (c.Set, c.Version, c.Build, c.State, c.Position, c.Error)).Should().Equal(
            ("measured", 3, 1, ViewBuildState.Begun, GlobalPosition.Start, null), ("measured", 3, 1, ViewBuildState.Complete, appended.LastPosition, null));
        views.Invoking(v => v.BuildChanged += async _ => await Task.Yield()).Should().Throw<ArgumentException>();
    }
}
