namespace EventSourcing;

/// <summary>What a runner of a subscription is doing.</summary>
public enum SubscriptionState
{
    /// <summary>Waiting for the lease: another runner of the name is active, this one has just begun, or the log is in trouble that is waited out (<see cref="SubscriptionStatus.LastError"/>).</summary>
    Standby,

    /// <summary>Active, reading what was stored before.</summary>
    CatchingUp,

    /// <summary>Active, at the head of the log, woken by commits.</summary>
    Live,

    /// <summary>Active, but delivering nothing until resumed: by request, or because the handler failed under a policy that pauses. It keeps its lease.</summary>
    Paused,

    /// <summary>Ended by trouble with the log that waiting does not cure; delivers nothing and holds no lease until resumed.</summary>
    Faulted,

    /// <summary>Ended by request, checkpoint written, lease released.</summary>
    Stopped,
}
