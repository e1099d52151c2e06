namespace EventSourcing.Storage;

/// <summary>How far a build is.</summary>
/// <param name="Position">Everything up to here is in the rows.</param>
/// <param name="Token">The event at <paramref name="Position"/>, for the comparison with the log; <see cref="ResumeToken.Start"/> at the beginning.</param>
/// <param name="IsComplete">False while the build was never as far as the log's head: it is not read.</param>
public readonly record struct ViewCheckpoint(GlobalPosition Position, ResumeToken Token, bool IsComplete);
