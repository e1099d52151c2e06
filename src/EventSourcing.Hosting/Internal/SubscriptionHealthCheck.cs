using EventSourcing.Subscriptions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Internal;

/// <summary>Looks at every subscription of this process: faulted, paused by a failure, behind, with events set aside.</summary>
internal sealed class SubscriptionHealthCheck(Subscriber subscriber, EventSourcingHostingOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (worst, complaints, data) = (HealthStatus.Healthy, new List<string>(), new Dictionary<string, object>());
        Exception? error = null;
        try
        {
            foreach (var subscription in subscriber.Subscriptions)
            {
                var status = await subscription.GetStatusAsync(cancellationToken).ConfigureAwait(false);
                data[status.Name] = $"{status.State}, lag {status.Lag}, parked {status.Parked}";
                var (health, complaint) = Judge(status, context.Registration.FailureStatus);
                if (complaint is null) continue;
                complaints.Add($"{status.Name} {complaint}");
                if (health < worst) worst = health;
                error ??= status.LastError;
            }
        }
        catch (EventSourcingException e)
        {
            return new(context.Registration.FailureStatus, e.Message, e, data);
        }

        return new(worst, complaints.Count == 0 ? null : string.Join("; ", complaints), error, data);
    }

    private (HealthStatus Health, string? Complaint) Judge(SubscriptionStatus status, HealthStatus failure)
    {
        if (status.State == SubscriptionState.Faulted) return (failure, $"is faulted: {status.LastError?.Message}");
        if (status.State == SubscriptionState.Paused && status.LastError is SubscriptionException paused) return (failure, $"is paused: {paused.Message}");
        if (status.Parked > options.MaxParked) return (HealthStatus.Degraded, $"has {status.Parked} events set aside since {status.ParkedSince:O}");
        // A runner that waits for its lease is not behind: another one is at work.
        return status.State != SubscriptionState.Standby && status.Lag > options.MaxLag ? (HealthStatus.Degraded, $"is {status.Lag} positions behind") : default;
    }
}
