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

    [LoggerMessage(EventId = 1101, Level = LogLevel.Information, Message = "View {View} was started")]
    internal static partial void ViewStarted(ILogger logger, string view);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Debug, Message = "View {View} is {State}")]
    internal static partial void ViewEntered(ILogger logger, string view, SubscriptionState state);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Error, Message = "View {View} is paused after a failure: it is read as it is and does not advance. Resume it when the cause is removed")]
    internal static partial void ViewPausedByFailure(ILogger logger, string view, Exception error);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Critical, Message = "View {View} is faulted and does not advance. Rebuild it, or resume it when the cause is removed")]
    internal static partial void ViewFaulted(ILogger logger, string view, Exception? error);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Information, Message = "View {View} is being built: build {Build}, after position {Position}")]
    internal static partial void BuildBegun(ILogger logger, string view, long build, long position);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Information, Message = "View {View} was built: build {Build}, up to position {Position}, in {Elapsed}")]
    internal static partial void BuildComplete(ILogger logger, string view, long build, long position, TimeSpan elapsed);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Warning, Message = "The build of view {View} ended before it was complete: build {Build}, at position {Position}, after {Elapsed}")]
    internal static partial void BuildEnded(ILogger logger, string view, long build, long position, TimeSpan elapsed, Exception? error);
}
