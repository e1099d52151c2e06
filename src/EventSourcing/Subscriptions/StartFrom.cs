using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Where a subscription without a checkpoint starts. Once it has a checkpoint, it resumes after that.</summary>
public sealed class StartFrom
{
    private readonly Func<IEventLog, CancellationToken, ValueTask<ResumeToken>> _resolve;
    private readonly string _text;

    private StartFrom(string text, Func<IEventLog, CancellationToken, ValueTask<ResumeToken>> resolve) => (_text, _resolve) = (text, resolve);

    /// <summary>At the first event of the log.</summary>
    public static StartFrom Beginning { get; } = new("the beginning", static (_, _) => new(ResumeToken.Start));

    /// <summary>At the first event that is stored after the start.</summary>
    public static StartFrom End { get; } = new("the end", static (log, cancellationToken) => log.GetHeadTokenAsync(cancellationToken));

    /// <summary>At the first event after a position that this process has just read from the same log. For a place that was kept elsewhere, use a <see cref="ResumeToken"/>.</summary>
    /// <param name="position">The last position not wanted; beyond the head, starting is a <see cref="PositionOutOfRangeException"/>.</param>
    public static StartFrom After(GlobalPosition position) => new($"after position {position}", (log, cancellationToken) => FindAsync(log, ResumeToken.Unverified(position), cancellationToken));

    /// <summary>At the first event after a place that was kept outside the log: the token of an envelope, an append's result or a head.</summary>
    /// <param name="token">The last place not wanted. Where the log holds another event there, or none, starting is a <see cref="LogDivergedException"/>.</param>
    public static StartFrom After(ResumeToken token) => new($"after {token}", (log, cancellationToken) => FindAsync(log, token, cancellationToken));

    /// <summary>At the first event that the log stored at a time or later.</summary>
    /// <param name="timestamp">The time; later than the last event, it means <see cref="End"/>.</param>
    public static StartFrom At(DateTimeOffset timestamp) => new($"the time {timestamp:O}", async (log, cancellationToken) =>
    {
        var head = await log.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var first = await LogBounds.FirstFromAsync(log, timestamp, head, cancellationToken).ConfigureAwait(false);
        return await FindAsync(log, ResumeToken.Unverified(GlobalPosition.FromInt64(first - 1)), cancellationToken).ConfigureAwait(false);
    });

    /// <summary>The start, for people.</summary>
    public override string ToString() => _text;

    /// <summary>The place after which delivery begins.</summary>
    internal ValueTask<ResumeToken> ResolveAsync(IEventLog log, CancellationToken cancellationToken) => _resolve(log, cancellationToken);

    private static async ValueTask<ResumeToken> FindAsync(IEventLog log, ResumeToken place, CancellationToken cancellationToken) =>
        place == ResumeToken.Start ? place : await log.FindTokenAsync(place, cancellationToken).ConfigureAwait(false);
}
