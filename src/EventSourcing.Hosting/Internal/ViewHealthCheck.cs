using EventSourcing.Internal;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EventSourcing.Hosting.Internal;

/// <summary>Checks every view set of a store: faulted, paused by a failure, not readable, being built, behind, in standby while no process is active.</summary>
internal sealed class ViewHealthCheck(EventViews views, EventBus bus, EventSourcingHostingOptions options) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (worst, complaints, data) = (HealthStatus.Healthy, new List<string>(), new Dictionary<string, object>());
        Exception? error = null;
        try
        {
            foreach (var view in await views.GetStatusAsync(cancellationToken).ConfigureAwait(false))
            {
                if (!view.IsDeclared) continue;
                var name = $"{view.Set}.v{view.Version}";
                var running = await FindRunningAsync(view, cancellationToken).ConfigureAwait(false);
                data[name] = Describe(view, running);
                var (health, complaint) = Check(view, running, context.Registration.FailureStatus);
                if (complaint is null) continue;
                complaints.Add($"{name} {complaint}");
                if (health < worst) worst = health;
                error ??= view.StateCause;
            }
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException)
        {
            return new(context.Registration.FailureStatus, e.Message, e, data);
        }

        return new(worst, complaints.Count == 0 ? null : string.Join("; ", complaints), error, data);
    }

    private (HealthStatus Health, string? Complaint) Check(ViewStatus view, SubscriptionStatus? running, HealthStatus failure)
    {
        // A live view is folded at each read: it has no state.
        if (view.Mode == ViewMode.Live) return default;
        if (view.StateCause is { } cause) return (failure, $"is {(view.State == SubscriptionState.Faulted ? "faulted" : "paused")}: {ExceptionText.MessageOf(cause)}");
        if (running is { State: SubscriptionState.Standby } && LeaseText.IsSilent(running, bus.LeaseTimeout)) return (HealthStatus.Degraded, $"is in {LeaseText.Standby(running, bus.LeaseTimeout)}");
        if (view.Build == 0) return (HealthStatus.Degraded, $"is {Building(view)}");
        // Paused by request, here or in the process that runs it.
        if (view.State == SubscriptionState.Paused) return default;
        if (view.Stall is { } stall) return view.State is SubscriptionState.Live or SubscriptionState.CatchingUp ? (failure, $"cannot be read: {stall}") : (HealthStatus.Degraded, $"does not advance: {stall}");
        // In standby another process handles the events.
        return view.State != SubscriptionState.Standby && view.Lag > options.MaxLag ? (HealthStatus.Degraded, $"is {view.Lag} positions behind") : default;
    }

    private async ValueTask<SubscriptionStatus?> FindRunningAsync(ViewStatus view, CancellationToken cancellationToken)
    {
        var name = views.Sets.First(set => set.Name == view.Set).SubscriptionName;
        return bus.Subscriptions.FirstOrDefault(subscription => subscription.Name == name) is { } found ? await found.GetStatusAsync(cancellationToken).ConfigureAwait(false) : null;
    }

    private string Describe(ViewStatus view, SubscriptionStatus? running)
    {
        if (view.Mode == ViewMode.Live) return "Folded at each read";
        var state = view switch
        {
            { State: null } => "Not started",
            { State: SubscriptionState.Standby } when running is not null => LeaseText.Standby(running, bus.LeaseTimeout),
            { State: SubscriptionState.Paused, StateCause: null } => "Paused by request",
            _ => $"{view.State}",
        };
        return view.Build == 0 ? $"{state}, {Building(view)}" : $"{state}, lag {view.Lag}, build {view.Build}";
    }

    private static string Building(ViewStatus view) =>
        view.Building is not { } progress ? "not built yet"
        : progress.TimeLeft is { } left ? $"being built: position {progress.Position} of {progress.Head}, about {left.TotalSeconds:0} s left"
        : $"being built: position {progress.Position} of {progress.Head}";
}
