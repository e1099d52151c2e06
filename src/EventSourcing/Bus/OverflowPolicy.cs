namespace EventSourcing;

/// <summary>What happens when a live listener is slower than the log and its queue is full. In no case does anything wait for it.</summary>
public enum OverflowPolicy
{
    /// <summary>It leaves the shared feed and reads on from the log by itself, at its own pace, until it has caught up: nothing is lost.</summary>
    CatchUp,

    /// <summary>The oldest event in the queue is dropped and counted.</summary>
    DropOldest,

    /// <summary>The listener ends with an error.</summary>
    Fail,
}
