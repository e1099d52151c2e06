namespace EventSourcing;

/// <summary>A build of a view set has begun or ended in this process.</summary>
public sealed record ViewBuildChange
{
    /// <summary>The set's name.</summary>
    public required string Set { get; init; }

    /// <summary>The set's version.</summary>
    public required int Version { get; init; }

    /// <summary>The build's number, 1 or more.</summary>
    public required long Build { get; init; }

    /// <summary>What has happened.</summary>
    public required ViewBuildState State { get; init; }

    /// <summary>The position up to which the build has handled events. Where it has begun: the start of the log, or the position from which it continues.</summary>
    public required GlobalPosition Position { get; init; }

    /// <summary>How long this process has built; zero where it has begun.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Why it has ended before it was complete; else null. An <see cref="OperationCanceledException"/> where it was cancelled or stopped.</summary>
    public Exception? Error { get; init; }
}
