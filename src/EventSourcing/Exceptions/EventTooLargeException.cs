namespace EventSourcing;

/// <summary>An event or a whole append is over the store's size limit. Nothing was written.</summary>
public sealed class EventTooLargeException : EventSourcingException
{
    /// <summary>Reports the size found.</summary>
    /// <param name="what">What is too large: an event, with its type and stream, or the append.</param>
    /// <param name="bytes">Its size in bytes: data, metadata and tags.</param>
    /// <param name="limit">The largest size allowed, in bytes.</param>
    public EventTooLargeException(string what, long bytes, long limit)
        : base($"Nothing was written. {what} takes {bytes} bytes; the limit is {limit}. Split it, or raise the log's limits.") =>
        (Bytes, Limit) = (bytes, limit);

    /// <summary>The size found, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The largest size allowed, in bytes.</summary>
    public long Limit { get; }
}
