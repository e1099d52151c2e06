namespace EventSourcing.Storage;

/// <summary>A token behind a reference: most reads and pages have none, and it takes 32 bytes. A page and the read that follows it share one.</summary>
internal sealed record TokenBox(ResumeToken Value)
{
    /// <summary>Null for <see cref="ResumeToken.Start"/>.</summary>
    internal static TokenBox? Of(in ResumeToken token) => token == ResumeToken.Start ? null : new(token);
}
