namespace EventSourcing;

/// <summary>A <see cref="ResumeToken"/> belongs to another history: the log was restored to an older state and has continued from there, or it is another log. Nothing was read or written.</summary>
public sealed class LogDivergedException : EventSourcingException
{
    /// <summary>Reports a token and what the log holds at its position.</summary>
    /// <param name="token">The caller's token.</param>
    /// <param name="found">The token of the event that the log holds at the position; null where the position lies beyond the head.</param>
    /// <param name="head">The position of the log's last event.</param>
    public LogDivergedException(ResumeToken token, ResumeToken? found, GlobalPosition head)
        : base(found is { } other
            ? $"The log holds another event at position {token.Position} than the one of the resume token: event {other.EventId} with mark {other.Mark:x8}, not event {token.EventId} with mark {token.Mark:x8}. The log was restored to an older state, or is another log. Start again from a position that both histories share."
            : $"The resume token's position {token.Position} (event {token.EventId}) lies beyond the log's head {head}. The log was restored to an older state, or is another log. Start again from a position that both histories share.") =>
        (Token, Found, Head) = (token, found, head);

    /// <summary>The caller's token.</summary>
    public ResumeToken Token { get; }

    /// <summary>The token of the event that the log holds at the position; null where the position lies beyond the head.</summary>
    public ResumeToken? Found { get; }

    /// <summary>The position of the log's last event.</summary>
    public GlobalPosition Head { get; }
}
