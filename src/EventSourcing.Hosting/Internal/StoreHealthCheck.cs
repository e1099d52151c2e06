using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Internal;

/// <summary>Reads the head of the log.</summary>
internal sealed class StoreHealthCheck(IEventStore store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var head = await store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy($"head {head}", new Dictionary<string, object> { ["head"] = head.ToInt64() });
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException)
        {
            return new(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
