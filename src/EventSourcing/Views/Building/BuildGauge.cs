using System.Diagnostics.Metrics;
using EventSourcing.Tracing;

namespace EventSourcing.Views.Building;

/// <summary>The gauge of builds. Instruments belong to the process, and so does the list of builds.</summary>
internal static class BuildGauge
{
    private static readonly Lock s_lock = new();
    private static readonly List<BuildRun> s_runs = [];

    // Kept, as the meter alone does not show that it is used.
    private static readonly Instrument? s_gauge = Instruments.Gauge(EventSourcingTelemetry.ProjectionRebuildProgress, Observe, "1", "The part of the log that builds of views have handled");

    internal static void Add(BuildRun run)
    {
        _ = s_gauge;
        lock (s_lock) s_runs.Add(run);
    }

    internal static void Remove(BuildRun run)
    {
        lock (s_lock) s_runs.Remove(run);
    }

    private static IEnumerable<Measurement<double>> Observe()
    {
        lock (s_lock) return [.. s_runs.Select(run => new Measurement<double>(run.Part, new KeyValuePair<string, object?>(Instruments.ViewSet, run.Set)))];
    }
}
