namespace EventSourcing;

/// <summary>The outcome for an event whose handling failed.</summary>
public enum FailureOutcome
{
    /// <summary>It is retried after <see cref="EventFailure.Delay"/>.</summary>
    Retried,

    /// <summary>It is parked, or stays parked after a requested retry.</summary>
    Parked,

    /// <summary>It was not delivered: it is parked because an earlier event of its key is.</summary>
    HeldBack,

    /// <summary>The subscription pauses before it.</summary>
    Paused,
}
