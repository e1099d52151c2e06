namespace EventSourcing;

/// <summary>The state of a subscription.</summary>
public enum SubscriptionState
{
    /// <summary>Waiting for the lease: another process is active, this one has just started, or the log has a failure that may pass (<see cref="SubscriptionStatus.LastError"/>).</summary>
    Standby,

    /// <summary>Active, reading what was stored before.</summary>
    CatchingUp,

    /// <summary>Active, at the head of the log, woken by commits.</summary>
    Live,

    /// <summary>Active, but delivers nothing until it is resumed: paused by a call, or after a failure of the handler (<see cref="AfterRetries.Pause"/>). It keeps its lease.</summary>
    Paused,

    /// <summary>Ended by a failure of the log that does not pass by waiting; delivers nothing and has no lease until it is resumed.</summary>
    Faulted,

    /// <summary>Stopped by a call: the checkpoint is written, the lease released.</summary>
    Stopped,
}
