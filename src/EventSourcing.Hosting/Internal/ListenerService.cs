using EventSourcing.Bus;
using EventSourcing.Subscriptions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>Starts the listeners with the host and stops them with it, while the store is still open.</summary>
internal sealed class ListenerService(EventBus bus, IEnumerable<Listener> listeners, ILogger<ListenerService> logger) : IHostedService
{
    /// <summary>A listener that cannot be started, for a type without a name for instance, keeps the host from starting.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        bus.Subscriber.StateChanged += Log;
        foreach (var listener in listeners)
        {
            await bus.SubscribeAsync(listener, cancellationToken).ConfigureAwait(false);
            LogMessages.Started(logger, listener.Name);
        }
    }

    /// <summary>Live listeners first, then the durable ones: handlers end, checkpoints are written, leases given back.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await bus.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        await bus.Subscriber.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        bus.Subscriber.StateChanged -= Log;
        LogMessages.Stopped(logger);
    }

    private void Log(string name, SubscriptionState state, Exception? error)
    {
        switch (state)
        {
            case SubscriptionState.Faulted:
                LogMessages.Faulted(logger, name, error);
                break;
            case SubscriptionState.Paused when error is not null:
                LogMessages.PausedByFailure(logger, name, error);
                break;
            default:
                LogMessages.Entered(logger, name, state);
                break;
        }
    }
}
