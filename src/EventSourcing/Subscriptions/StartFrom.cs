using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Where a subscription begins that has no checkpoint yet. Once it has one, the checkpoint decides.</summary>
public sealed class StartFrom
{
    private readonly Func<IEventLog, CancellationToken, ValueTask<ResumeToken>> _resolve;
    private readonly string _text;

    private StartFrom(string text, Func<IEventLog, CancellationToken, ValueTask<ResumeToken>> resolve) => (_text, _resolve) = (text, resolve);

    /// <summary>With the first event of the log.</summary>
    public static StartFrom Beginning { get; } = new("the beginning", static (_, _) => new(ResumeToken.Start));

    /// <summary>With the first event stored after the subscription was started.</summary>
    public static StartFrom End { get; } = new("the end", static (log, cancellationToken) => log.GetHeadTokenAsync(cancellationToken));

    /// <summary>With the first event after a position of the same history: one that was read by this process a moment ago. A place that was kept elsewhere is a <see cref="ResumeToken"/>.</summary>
    /// <param name="position">The last position not wanted; beyond the head, starting is a <see cref="PositionOutOfRangeException"/>.</param>
    public static StartFrom After(GlobalPosition position) => new($"after position {position}", (log, cancellationToken) => FindAsync(log, ResumeToken.Unverified(position), cancellationToken));

    /// <summary>With the first event after a place that was kept outside the log: of an envelope, an append's result or a head.</summary>
    /// <param name="token">The last place not wanted. Where the log holds another event there, or none, starting is a <see cref="LogDivergedException"/>.</param>
    public static StartFrom After(ResumeToken token) => new($"after {token}", (log, cancellationToken) => FindAsync(log, token, cancellationToken));

    /// <summary>With the first event that the log stored at a moment or later.</summary>
    /// <param name="moment">A moment; later than the last event, it means <see cref="End"/>.</param>
    public static StartFrom At(DateTimeOffset moment) => new($"the moment {moment:O}", async (log, cancellationToken) =>
    {
        var head = await log.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var first = await LogBounds.FirstFromAsync(log, moment, head, cancellationToken).ConfigureAwait(false);
        return await FindAsync(log, ResumeToken.Unverified(GlobalPosition.FromInt64(first - 1)), cancellationToken).ConfigureAwait(false);
    });

    /// <summary>The start, for people.</summary>
    public override string ToString() => _text;

    /// <summary>The place after which delivery begins.</summary>
    internal ValueTask<ResumeToken> ResolveAsync(IEventLog log, CancellationToken cancellationToken) => _resolve(log, cancellationToken);

    private static async ValueTask<ResumeToken> FindAsync(IEventLog log, ResumeToken place, CancellationToken cancellationToken) =>
        place == ResumeToken.Start ? place : await log.FindTokenAsync(place, cancellationToken).ConfigureAwait(false);
}
