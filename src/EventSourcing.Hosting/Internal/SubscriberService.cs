using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>Starts the listeners with the host and stops them with it, while the store is still open.</summary>
internal sealed class SubscriberService(EventBus bus, IEnumerable<EventSubscriber> listeners, ILogger<SubscriberService> logger) : IHostedService
{
    /// <summary>A listener that cannot be started, for a type without a name for instance, keeps the host from starting.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        bus.Subscriber.StateChanged += Log;
        bus.Subscriber.EventFailed += Log;
        foreach (var listener in listeners)
        {
            await bus.SubscribeAsync(listener, cancellationToken).ConfigureAwait(false);
            LogMessages.Started(logger, listener.Name);
        }
    }

    /// <summary>Live listeners first, then the durable ones: handlers end, checkpoints are written, leases given back. What fails keeps nothing else from being stopped.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await bus.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await bus.Subscriber.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
            bus.Subscriber.StateChanged -= Log;
            bus.Subscriber.EventFailed -= Log;
        }

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

    private void Log(EventFailure failure)
    {
        try
        {
            Log(failure, failure.Exception);
        }
        catch (Exception) when (failure.Exception is not null)
        {
            // A logger writes the whole exception, whose own code may throw; the reason says what can be said.
            Log(failure, null);
        }
    }

    private void Log(EventFailure failure, Exception? error)
    {
        var (name, position, type, stream) = (failure.Subscription, failure.Position.ToInt64(), failure.Type, failure.StreamId.Value);
        switch (failure.Outcome)
        {
            case FailureOutcome.Parked:
                LogMessages.Parked(logger, name, position, type, stream, failure.Attempt, failure.PartitionKey!, failure.Reason, error);
                break;
            case FailureOutcome.Retried:
                LogMessages.Retried(logger, name, position, type, stream, failure.Attempt, failure.Delay, failure.Reason, error);
                break;
            case FailureOutcome.HeldBack:
                LogMessages.HeldBack(logger, name, position, type, stream, failure.PartitionKey!);
                break;
            case FailureOutcome.Paused:
                // Logged with the change of state.
                break;
            default:
                throw new InvalidOperationException($"{failure.Outcome} is not known.");
        }
    }
}
