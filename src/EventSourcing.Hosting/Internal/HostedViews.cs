using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>The views of one store in a host: started and stopped with it, and logged in words of views.</summary>
internal sealed class HostedViews
{
    private readonly EventViews _views;
    private readonly string _prefix;
    private readonly ILogger _logger;
    private readonly Dictionary<string, string> _names;

    /// <param name="views">The views.</param>
    /// <param name="key">The store's key, which stands before the names of sets; null for none.</param>
    /// <param name="logger">The logger.</param>
    internal HostedViews(EventViews views, string? key, ILogger logger)
    {
        (_views, _prefix, _logger) = (views, key is null ? "" : key + "/", logger);
        _names = views.Sets.ToDictionary(set => set.SubscriptionName, set => _prefix + set, StringComparer.Ordinal);
        views.BuildChanged += Log;
    }

    /// <summary>A view that cannot be started, because its declaration has changed for instance, prevents the host from starting.</summary>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await _views.StartAsync(cancellationToken).ConfigureAwait(false);
        foreach (var set in _views.Sets.Where(set => set.Mode != ViewMode.Live)) LogMessages.ViewStarted(_logger, _names[set.SubscriptionName]);
    }

    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _views.StopAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _views.BuildChanged -= Log;
        }
    }

    /// <summary>Logs a change of state, if the subscription runs a view.</summary>
    /// <returns>False where it is another subscription.</returns>
    internal bool TryLog(string subscription, SubscriptionState state, Exception? error)
    {
        if (!_names.TryGetValue(subscription, out var name)) return false;
        switch (state)
        {
            case SubscriptionState.Faulted:
                LogMessages.ViewFaulted(_logger, name, error);
                break;
            case SubscriptionState.Paused when error is not null:
                LogMessages.ViewPausedByFailure(_logger, name, error);
                break;
            default:
                LogMessages.ViewEntered(_logger, name, state);
                break;
        }

        return true;
    }

    private void Log(ViewBuildChange change)
    {
        var (name, position) = ($"{_prefix}{change.Set}.v{change.Version}", change.Position.ToInt64());
        switch (change.State)
        {
            case ViewBuildState.Begun:
                LogMessages.BuildBegun(_logger, name, change.Build, position);
                break;
            case ViewBuildState.Complete:
                LogMessages.BuildComplete(_logger, name, change.Build, position, change.Elapsed);
                break;
            default:
                LogMessages.BuildEnded(_logger, name, change.Build, position, change.Elapsed, change.Error);
                break;
        }
    }
}
