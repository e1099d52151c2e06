namespace EventSourcing.Storage;

/// <summary>A dynamic consistency boundary: the append is refused when an event after a position matches a query.</summary>
/// <remarks>
/// The append's own events never fail it. The terms are those of the DCB specification (dcb.events/specification).
/// A query item that names neither a tag nor a stream may require an examination of every event after <see cref="After"/>, during which other
/// appends wait. Such a condition needs a recent head, or a tag.
/// </remarks>
public sealed class AppendCondition
{
    /// <summary>A condition that any match fails.</summary>
    /// <param name="failIfEventsMatch">The events that must not exist.</param>
    public AppendCondition(LogQuery failIfEventsMatch)
        : this(failIfEventsMatch, ResumeToken.Start)
    {
    }

    /// <summary>A condition after a position that the same process read shortly before.</summary>
    /// <param name="failIfEventsMatch">The events that must not exist after <paramref name="after"/>.</param>
    /// <param name="after">Events at or before this position are ignored: the head that the decision was made on. <see cref="GlobalPosition.Start"/>: any match fails.</param>
    public AppendCondition(LogQuery failIfEventsMatch, GlobalPosition after)
        : this(failIfEventsMatch, ResumeToken.Unverified(after))
    {
    }

    /// <summary>A condition after a place that was kept outside the process: the log first compares the event there, see <see cref="ResumeToken"/>.</summary>
    /// <param name="failIfEventsMatch">The events that must not exist after <paramref name="after"/>.</param>
    /// <param name="after">Events at or before this place are ignored. <see cref="ResumeToken.Start"/>: any match fails.</param>
    public AppendCondition(LogQuery failIfEventsMatch, ResumeToken after)
    {
        ArgumentNullException.ThrowIfNull(failIfEventsMatch);
        (FailIfEventsMatch, Token) = (failIfEventsMatch, after);
    }

    /// <summary>The events that must not exist after <see cref="After"/>.</summary>
    public LogQuery FailIfEventsMatch { get; }

    /// <summary>Events at or before this position are ignored.</summary>
    public GlobalPosition After => Token.Position;

    /// <summary><see cref="After"/> as a token; not verified where a position was given.</summary>
    public ResumeToken Token { get; }
}
