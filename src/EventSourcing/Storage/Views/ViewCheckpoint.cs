namespace EventSourcing.Storage;

/// <summary>How far a build is.</summary>
public readonly record struct ViewCheckpoint
{
    /// <summary>A place in the log and the state of the build there.</summary>
    /// <param name="position">Everything up to here is in the rows.</param>
    /// <param name="token">The event at <paramref name="position"/>, for the comparison with the log; <see cref="ResumeToken.Start"/> at the beginning.</param>
    /// <param name="isComplete">False while the build was never as far as the log's head: it is not read.</param>
    public ViewCheckpoint(GlobalPosition position, ResumeToken token, bool isComplete) => (Position, Token, IsComplete) = (position, token, isComplete);

    /// <summary>Everything up to here is in the rows.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>The event at <see cref="Position"/>, for the comparison with the log; <see cref="ResumeToken.Start"/> at the beginning.</summary>
    public ResumeToken Token { get; init; }

    /// <summary>False while the build was never as far as the log's head: it is not read.</summary>
    public bool IsComplete { get; init; }
}
