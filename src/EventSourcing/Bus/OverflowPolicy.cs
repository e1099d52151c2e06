namespace EventSourcing;

/// <summary>What a live subscription does when it is slower than the log and its queue is full. Nothing else waits for it in any case.</summary>
public enum OverflowPolicy
{
    /// <summary>It leaves the shared feed and reads the log by itself, at its own pace, until it has caught up. Nothing is lost.</summary>
    CatchUp,

    /// <summary>The oldest event in the queue is dropped and counted.</summary>
    DropOldest,

    /// <summary>The subscription ends with an error.</summary>
    Fail,
}
