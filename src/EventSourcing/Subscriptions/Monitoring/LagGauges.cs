using System.Diagnostics.Metrics;
using EventSourcing.Tracing;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>The gauges of the lag of subscriptions. Instruments belong to the process, and so does the list of buses that they measure.</summary>
internal static class LagGauges
{
    private static readonly Lock s_lock = new();
    private static readonly List<LagWatch> s_watches = [];

    // Kept, as the meter alone does not show that they are used.
    private static readonly Instrument?[] s_gauges =
    [
        Instruments.Gauge(EventSourcingTelemetry.SubscriptionLagEvents, static () => Observe(static lag => lag.Events), "{event}", "Events that subscriptions are behind"),
        Instruments.Gauge(EventSourcingTelemetry.SubscriptionLagTime, static () => Observe(static lag => lag.Time.TotalSeconds), "s", "Age of the events that subscriptions handle next"),
    ];

    internal static void Add(LagWatch watch)
    {
        _ = s_gauges;
        lock (s_lock)
            if (!s_watches.Contains(watch)) s_watches.Add(watch);
    }

    internal static void Remove(LagWatch watch)
    {
        lock (s_lock) s_watches.Remove(watch);
    }

    private static IEnumerable<Measurement<T>> Observe<T>(Func<SubscriptionLag, T> of) where T : struct
    {
        LagWatch[] watches;
        lock (s_lock) watches = [.. s_watches];
        var lags = new List<SubscriptionLag>();
        foreach (var watch in watches) Observers.Collect(lags, watch.Observe);
        return lags.Select(lag => new Measurement<T>(of(lag), new KeyValuePair<string, object?>(Instruments.Subscription, lag.Subscription)));
    }
}
