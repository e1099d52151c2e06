using Microsoft.Extensions.Logging;

namespace EventSourcing.AspNetCore.Internal;

internal static partial class LogMessages
{
    [LoggerMessage(1201, LogLevel.Error, "A request failed with status {Status}: {Problem}")]
    internal static partial void ServerError(ILogger logger, int status, string problem, Exception error);

    [LoggerMessage(1202, LogLevel.Information, "A client of an event feed was dropped: it accepted nothing for {Timeout}")]
    internal static partial void ClientDropped(ILogger logger, TimeSpan timeout);

    [LoggerMessage(1203, LogLevel.Warning, "An event feed ended with an error")]
    internal static partial void FeedEnded(ILogger logger, Exception error);
}
