using Microsoft.Extensions.Logging;

namespace EventSourcing.Hosting.Internal;

/// <summary>What is logged. The event ids are stable.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "Subscription {Subscription} was started")]
    internal static partial void Started(ILogger logger, string subscription);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Debug, Message = "Subscription {Subscription} is {State}")]
    internal static partial void Entered(ILogger logger, string subscription, SubscriptionState state);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Error, Message = "Subscription {Subscription} is paused after a failure. Resume it when the cause is removed")]
    internal static partial void PausedByFailure(ILogger logger, string subscription, Exception error);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Critical, Message = "Subscription {Subscription} is faulted. Resume or reset it when the cause is removed")]
    internal static partial void Faulted(ILogger logger, string subscription, Exception? error);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Warning, Message = "Subscription {Subscription} parked the event at position {Position}, {Type} of stream {Stream}, after attempt {Attempts}; later events of key {Key} are parked too: {Reason}")]
    internal static partial void Parked(ILogger logger, string subscription, long position, string type, string stream, int attempts, string key, string reason, Exception? error);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "Subscription {Subscription} failed at the event at position {Position}, {Type} of stream {Stream}, in attempt {Attempt}; the next attempt follows after {Delay}: {Reason}")]
    internal static partial void Retried(ILogger logger, string subscription, long position, string type, string stream, int attempt, TimeSpan delay, string reason, Exception? error);

    [LoggerMessage(EventId = 1008, Level = LogLevel.Debug, Message = "Subscription {Subscription} parked the event at position {Position}, {Type} of stream {Stream}, because an earlier event of key {Key} is parked")]
    internal static partial void HeldBack(ILogger logger, string subscription, long position, string type, string stream, string key);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Information, Message = "All subscriptions were stopped")]
    internal static partial void Stopped(ILogger logger);
}
