using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Subscriptions;

/// <summary>Where a subscription begins that has no checkpoint yet. Once it has one, the checkpoint decides.</summary>
public sealed class Start
{
    private readonly Func<IEventLog, CancellationToken, ValueTask<GlobalPosition>> _resolve;
    private readonly string _text;

    private Start(string text, Func<IEventLog, CancellationToken, ValueTask<GlobalPosition>> resolve) => (_text, _resolve) = (text, resolve);

    /// <summary>With the first event of the log.</summary>
    public static Start Beginning { get; } = new("the beginning", static (_, _) => new(GlobalPosition.Start));

    /// <summary>With the first event stored after the subscription was started.</summary>
    public static Start End { get; } = new("the end", static (log, cancellationToken) => log.GetHeadAsync(cancellationToken));

    /// <summary>With the first event after a position.</summary>
    /// <param name="position">The last position not wanted; beyond the head, starting is a <see cref="LogTruncatedException"/>.</param>
    public static Start After(GlobalPosition position) => new($"after position {position}", async (log, cancellationToken) =>
        await log.GetHeadAsync(cancellationToken).ConfigureAwait(false) is var head && position > head ? throw new LogTruncatedException(position, head) : position);

    /// <summary>With the first event that the log stored at a moment or later.</summary>
    /// <param name="moment">A moment; later than the last event, it means <see cref="End"/>.</param>
    public static Start At(DateTimeOffset moment) => new($"the moment {moment:O}", async (log, cancellationToken) =>
    {
        var head = await log.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        return GlobalPosition.FromInt64(await LogBounds.FirstFromAsync(log, moment, head, cancellationToken).ConfigureAwait(false) - 1);
    });

    /// <summary>The start, for people.</summary>
    public override string ToString() => _text;

    /// <summary>The position after which delivery begins.</summary>
    internal ValueTask<GlobalPosition> ResolveAsync(IEventLog log, CancellationToken cancellationToken) => _resolve(log, cancellationToken);
}
