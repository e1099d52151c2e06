using EventSourcing.Subscriptions;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>What is logged. The event ids are stable.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "Subscription {Subscription} was started")]
    internal static partial void Started(ILogger logger, string subscription);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Debug, Message = "Subscription {Subscription} is {State}")]
    internal static partial void Entered(ILogger logger, string subscription, SubscriptionState state);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Error, Message = "Subscription {Subscription} is paused after a failure; it waits to be resumed")]
    internal static partial void PausedByFailure(ILogger logger, string subscription, Exception error);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Critical, Message = "Subscription {Subscription} is faulted; it waits to be resumed or reset")]
    internal static partial void Faulted(ILogger logger, string subscription, Exception? error);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Information, Message = "All subscriptions were stopped")]
    internal static partial void Stopped(ILogger logger);
}
