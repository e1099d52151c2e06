using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>The bus of one store in a host: logs what its subscriptions report, from its start to its stop.</summary>
internal sealed class HostedBus
{
    private readonly EventBus _bus;
    private readonly string _prefix;
    private readonly ILogger _logger;
    private readonly HostedViews? _views;

    /// <summary>A bus that logs from now on.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="key">The store's key, which stands before the names of subscriptions; null for none.</param>
    /// <param name="views">Its views; null for none.</param>
    /// <param name="logger">The logger.</param>
    internal HostedBus(EventBus bus, string? key, EventViews? views, ILogger logger)
    {
        (_bus, _prefix, _logger) = (bus, key is null ? "" : key + "/", logger);
        _views = views is null ? null : new(views, key, logger);
        bus.StateChanged += Log;
        bus.EventFailed += Log;
    }

    internal async Task StartAsync(EventSubscriber subscriber, CancellationToken cancellationToken)
    {
        await _bus.SubscribeAsync(subscriber, cancellationToken).ConfigureAwait(false);
        LogMessages.Started(_logger, _prefix + subscriber.Name);
    }

    internal Task StartViewsAsync(CancellationToken cancellationToken) => _views?.StartAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Views first, then live subscriptions, then the durable ones: handlers end, checkpoints are written, leases are released. A view that fails to stop does not keep the bus from being stopped.</summary>
    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_views is not null) await _views.StopAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await StopBusAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task StopBusAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _bus.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _bus.StateChanged -= Log;
            _bus.EventFailed -= Log;
        }
    }

    private void Log(string name, SubscriptionState state, Exception? error)
    {
        if (_views is not null && _views.TryLog(name, state, error)) return;
        name = _prefix + name;
        switch (state)
        {
            case SubscriptionState.Faulted:
                LogMessages.Faulted(_logger, name, error);
                break;
            case SubscriptionState.Paused when error is not null:
                LogMessages.PausedByFailure(_logger, name, error);
                break;
            default:
                LogMessages.Entered(_logger, name, state);
                break;
        }
    }

    private void Log(EventFailure failure)
    {
        try
        {
            Log(failure, failure.Exception);
        }
        catch (Exception) when (failure.Exception is not null)
        {
            // A logger writes the whole exception, whose own code may throw; the reason is text already.
            Log(failure, null);
        }
    }

    private void Log(EventFailure failure, Exception? error)
    {
        var (name, position, type, stream) = (_prefix + failure.Subscription, failure.Position.ToInt64(), failure.Type, failure.StreamId.Value);
        switch (failure.Outcome)
        {
            case FailureOutcome.Parked:
                LogMessages.Parked(_logger, name, position, type, stream, failure.Attempt, failure.PartitionKey!, failure.Reason, error);
                break;
            case FailureOutcome.Retried:
                LogMessages.Retried(_logger, name, position, type, stream, failure.Attempt, failure.Delay, failure.Reason, error);
                break;
            case FailureOutcome.HeldBack:
                LogMessages.HeldBack(_logger, name, position, type, stream, failure.PartitionKey!);
                break;
            case FailureOutcome.Paused:
                // Logged with the change of state.
                break;
            default:
                throw new InvalidOperationException($"{failure.Outcome} is not known.");
        }
    }
}
