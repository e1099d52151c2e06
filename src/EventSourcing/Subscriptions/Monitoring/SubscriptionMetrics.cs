using System.Diagnostics;
using EventSourcing.Tracing;

namespace EventSourcing.Subscriptions.Monitoring;

/// <summary>The counters of subscriptions. They cost one check of the instrument while no meter listener is attached.</summary>
internal static class SubscriptionMetrics
{
    internal static void Handled(string subscription, int count)
    {
        if (Instruments.Handled is { Enabled: true }) Observers.Add(Instruments.Handled, count, Of(subscription));
    }

    /// <summary>An attempt failed. An event that is held back was not attempted.</summary>
    internal static void Failed(string subscription, FailureOutcome outcome)
    {
        if (outcome == FailureOutcome.HeldBack || Instruments.Failed is not { Enabled: true }) return;
        var tags = Of(subscription);
        tags.Add(Instruments.Outcome, outcome switch
        {
            FailureOutcome.Retried => "retried",
            FailureOutcome.Parked => "parked",
            _ => "paused",
        });
        Observers.Add(Instruments.Failed, 1, tags);
    }

    internal static void Parked(string subscription)
    {
        if (Instruments.Parked is { Enabled: true }) Observers.Add(Instruments.Parked, 1, Of(subscription));
    }

    private static TagList Of(string subscription) => new() { { Instruments.Subscription, subscription } };
}
