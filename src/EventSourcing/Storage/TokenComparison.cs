namespace EventSourcing.Storage;

/// <summary>For logs: compares a <see cref="ResumeToken"/> with the log's history. The log looks up the event at the token's position in the same snapshot or transaction.</summary>
/// <example><code>
/// if (TokenComparison.IsNeeded(token, head)) TokenComparison.ThrowIfOther(token, TokenAt(token.Position), head);
/// </code></example>
public static class TokenComparison
{
    /// <summary>True when the event at the token's position has to be looked up. False for <see cref="ResumeToken.Start"/> and for a token that is not verified: there is nothing to compare.</summary>
    /// <param name="token">The caller's token.</param>
    /// <param name="head">The position of the log's last event, erased or not.</param>
    /// <exception cref="LogDivergedException">The token's event lies beyond the head.</exception>
    /// <exception cref="PositionOutOfRangeException">The token is not verified, and its position lies beyond the head.</exception>
    public static bool IsNeeded(in ResumeToken token, GlobalPosition head)
    {
        if (token.Position <= head) return token.IsVerifiable;
        throw token.IsVerifiable ? new LogDivergedException(token, null, head) : new PositionOutOfRangeException(token.Position, head);
    }

    /// <summary>Refuses a token of another history.</summary>
    /// <param name="token">The caller's token.</param>
    /// <param name="found">The token of the event at its position; of an erased event, what is kept of its id and mark.</param>
    /// <param name="head">The position of the log's last event.</param>
    /// <exception cref="LogDivergedException">The two are different.</exception>
    public static void ThrowIfOther(in ResumeToken token, in ResumeToken found, GlobalPosition head)
    {
        if (token != found) throw new LogDivergedException(token, found, head);
    }
}
