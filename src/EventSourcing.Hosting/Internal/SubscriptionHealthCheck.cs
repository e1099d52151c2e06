using EventSourcing.Internal;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Internal;

/// <summary>Checks every subscription of a store in this process: faulted, paused by a failure, behind, with parked events, in standby while no process is active. Those that run views are left to <see cref="ViewHealthCheck"/>.</summary>
internal sealed class SubscriptionHealthCheck(EventBus bus, EventViews? views, EventSourcingHostingOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (worst, complaints, data) = (HealthStatus.Healthy, new List<string>(), new Dictionary<string, object>());
        Exception? error = null;
        try
        {
            var ofViews = views is null ? [] : views.Sets.Select(set => set.SubscriptionName).ToHashSet(StringComparer.Ordinal);
            foreach (var subscription in bus.Subscriptions)
            {
                if (ofViews.Contains(subscription.Name)) continue;
                var status = await subscription.GetStatusAsync(cancellationToken).ConfigureAwait(false);
                data[status.Name] = Describe(status);
                var (health, complaint) = Check(status, context.Registration.FailureStatus);
                if (complaint is null) continue;
                complaints.Add($"{status.Name} {complaint}");
                if (health < worst) worst = health;
                error ??= status.StateCause;
            }
        }
        catch (EventSourcingException e)
        {
            return new(context.Registration.FailureStatus, e.Message, e, data);
        }

        return new(worst, complaints.Count == 0 ? null : string.Join("; ", complaints), error, data);
    }

    private (HealthStatus Health, string? Complaint) Check(SubscriptionStatus status, HealthStatus failure)
    {
        if (status.State == SubscriptionState.Faulted) return (failure, $"is faulted: {MessageOf(status.StateCause)}");
        if (status.State == SubscriptionState.Paused && status.StateCause is { } cause) return (failure, $"is paused: {MessageOf(cause)}");
        if (status.Parked > options.MaxParked) return (HealthStatus.Degraded, $"has {Parked(status)}");
        // A process in standby is not behind: another one handles the events.
        if (status.State == SubscriptionState.Standby) return LeaseText.IsSilent(status, bus.LeaseTimeout) ? (HealthStatus.Degraded, $"is in {LeaseText.Standby(status, bus.LeaseTimeout)}") : default;
        return status.Lag > options.MaxLag ? (HealthStatus.Degraded, $"is {status.Lag} positions behind") : default;
    }

    private static string? MessageOf(Exception? error) => error is null ? null : ExceptionText.MessageOf(error);

    private string Describe(SubscriptionStatus status)
    {
        var state = status.State == SubscriptionState.Standby ? LeaseText.Standby(status, bus.LeaseTimeout)
            : status.State == SubscriptionState.Paused && status.StateCause is null ? "Paused by request" : $"{status.State}";
        return $"{state}, lag {status.Lag}, {(status.Parked == 0 ? "parked 0" : Parked(status))}";
    }

    private static string Parked(SubscriptionStatus status) =>
        $"{status.Parked} {(status.Parked == 1 ? "event" : "events")} parked since {status.ParkedSince:O}: {status.ParkedReason}";
}
