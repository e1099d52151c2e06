namespace EventSourcing;

/// <summary>What becomes of an event whose handling failed.</summary>
public enum FailureOutcome
{
    /// <summary>It is tried again, after <see cref="EventFailure.Delay"/>.</summary>
    Retried,

    /// <summary>It is set aside, or stays set aside after a retry that was asked for.</summary>
    Parked,

    /// <summary>It was not tried: it is set aside because an earlier event of its key is.</summary>
    HeldBack,

    /// <summary>The subscription pauses before it.</summary>
    Paused,
}
