using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Finds the events at points in the past of a log.</summary>
internal static class AsOfPlaces
{
    /// <summary>The position up to which everything belongs to a point; for a version, the position of the last event of the stream through it that still exists.</summary>
    /// <param name="log">The log.</param>
    /// <param name="point">The point.</param>
    /// <param name="stream">The stream that a version belongs to; null where there is not one stream.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <exception cref="ArgumentException">The point is a version, and there is not one stream.</exception>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    /// <exception cref="VersionOutOfRangeException">The version lies beyond the end of the stream.</exception>
    internal static async ValueTask<GlobalPosition> FindPositionAsync(this IEventLog log, AsOf point, StreamId? stream, CancellationToken cancellationToken)
    {
        if (point.Kind == AsOfKind.Version)
        {
            if (stream is not { } named) throw new ArgumentException($"The point is {point}, and a version belongs to one stream, but the call does not select the events of exactly one. Use AsOf.Position or AsOf.Time, or a filter that selects one stream (EventFilter.Stream).", nameof(point));
            return await FindPositionAsync(log, named, point.VersionNumber, cancellationToken).ConfigureAwait(false);
        }

        var head = await log.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        if (point.Kind == AsOfKind.Head) return head;
        if (point.Kind == AsOfKind.Time) return await LogBounds.LastThroughAsync(log, point.Moment, head, cancellationToken).ConfigureAwait(false);
        return point.At <= head ? point.At : throw new PositionOutOfRangeException(point.At, head);
    }

    /// <summary>The version that a stream had at a point; 0 where it had no event that still exists.</summary>
    /// <inheritdoc cref="FindPositionAsync(IEventLog, AsOf, StreamId?, CancellationToken)"/>
    internal static async ValueTask<long> FindVersionAsync(this IEventLog log, AsOf point, StreamId stream, CancellationToken cancellationToken)
    {
        if (point.Kind == AsOfKind.Version)
        {
            await FindPositionAsync(log, stream, point.VersionNumber, cancellationToken).ConfigureAwait(false);
            return point.VersionNumber;
        }

        var position = await log.FindPositionAsync(point, stream, cancellationToken).ConfigureAwait(false);
        var read = new AllRead { Query = LogQuery.All.InStream(stream), ThroughPosition = position, Direction = ReadDirection.Backward, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };
        await foreach (var last in log.ReadEventsAsync(read, cancellationToken).ConfigureAwait(false)) return last.Version;
        return 0;
    }

    private static async ValueTask<GlobalPosition> FindPositionAsync(IEventLog log, StreamId stream, long version, CancellationToken cancellationToken)
    {
        var read = new StreamRead(stream) { ThroughVersion = version, Direction = ReadDirection.Backward, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };
        using var page = await log.ReadAsync(read, cancellationToken).ConfigureAwait(false);
        if (page.StreamVersion < version) throw new VersionOutOfRangeException(stream, version, page.StreamVersion);
        return page.Events is [var last, ..] ? last.Position : GlobalPosition.Start;
    }
}
