namespace EventSourcing;

/// <summary>What has happened to a build of a view set.</summary>
public enum ViewBuildState
{
    /// <summary>It has begun, or continues after an interruption.</summary>
    Begun = 0,

    /// <summary>It is complete and serves.</summary>
    Complete = 1,

    /// <summary>It has ended before it was complete: cancelled, stopped, or failed. What served before serves on.</summary>
    Ended = 2,
}
