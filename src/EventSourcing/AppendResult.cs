using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace EventSourcing;

/// <summary>What an append stored, or what an earlier append of the same content had stored.</summary>
public readonly struct AppendResult : IEquatable<AppendResult>
{
    // One stream is by far the most common case and takes no array.
    private readonly StreamRange _single;
    private readonly StreamRange[]? _streams;
    private readonly GlobalPosition[]? _scattered;

    /// <summary>For logs: the result of an append whose events lie at contiguous positions, or which has none.</summary>
    /// <param name="streams">What each write stored, in the append's order; writes without events included.</param>
    /// <param name="firstPosition">The first event's position, or <paramref name="lastPosition"/> when there is no event.</param>
    /// <param name="lastPosition">The last event's position; the log's head when there is no event.</param>
    /// <param name="wasDuplicate">True when nothing was written because it was stored before.</param>
    public AppendResult(ImmutableArray<StreamRange> streams, GlobalPosition firstPosition, GlobalPosition lastPosition, bool wasDuplicate)
        : this(firstPosition, lastPosition, wasDuplicate)
    {
        if (streams.IsDefault) throw new ArgumentNullException(nameof(streams));
        if (streams.Length == 1) _single = streams[0];
        else _streams = ImmutableCollectionsMarshal.AsArray(streams);
    }

    /// <summary>For logs: the result of an append to one stream.</summary>
    /// <param name="stream">What was stored in it.</param>
    /// <param name="firstPosition">The first event's position, or <paramref name="lastPosition"/> when there is no event.</param>
    /// <param name="lastPosition">The last event's position; the log's head when there is no event.</param>
    /// <param name="wasDuplicate">True when nothing was written because it was stored before.</param>
    public AppendResult(StreamRange stream, GlobalPosition firstPosition, GlobalPosition lastPosition, bool wasDuplicate)
        : this(firstPosition, lastPosition, wasDuplicate) => _single = stream;

    /// <summary>For logs: the result of a repeat whose events were stored by several appends.</summary>
    /// <param name="streams">What each write had stored, in the append's order.</param>
    /// <param name="positions">Every event's position, ascending; at least one.</param>
    public AppendResult(ImmutableArray<StreamRange> streams, IReadOnlyList<GlobalPosition> positions)
        : this(streams, (positions ?? throw new ArgumentNullException(nameof(positions)))[0], positions[^1], wasDuplicate: true) =>
        _scattered = [.. positions];

    private AppendResult(GlobalPosition firstPosition, GlobalPosition lastPosition, bool wasDuplicate) =>
        (FirstPosition, LastPosition, WasDuplicate) = (firstPosition, lastPosition, wasDuplicate);

    /// <summary>The position of the first event; equal to <see cref="LastPosition"/> when the append has no event.</summary>
    public GlobalPosition FirstPosition { get; }

    /// <summary>The position of the last event; the log's head at that moment when the append has no event.</summary>
    public GlobalPosition LastPosition { get; }

    /// <summary>True when nothing was written because the same append, or the same events, had been stored before.</summary>
    public bool WasDuplicate { get; private init; }

    /// <summary>What each write stored, in the append's order.</summary>
    public IReadOnlyList<StreamRange> Streams => _streams ?? (_single.StreamId.IsDefault ? [] : [_single]);

    /// <summary>The number of events.</summary>
    public int Count
    {
        get
        {
            if (_streams is null) return _single.Count;
            var count = 0;
            foreach (var stream in _streams) count += stream.Count;
            return count;
        }
    }

    /// <summary>The version of the last event of the append's first write; 0 when the append writes to no stream.</summary>
    public long Version => _streams is { Length: > 0 } ? _streams[0].LastVersion : _single.LastVersion;

    /// <summary>Every event's position, ascending, in the append's order. Contiguous unless several appends stored the events of a repeat.</summary>
    public IReadOnlyList<GlobalPosition> Positions
    {
        get
        {
            if (_scattered is not null) return _scattered;
            var positions = new GlobalPosition[Count];
            for (var i = 0; i < positions.Length; i++) positions[i] = GlobalPosition.FromInt64(FirstPosition.ToInt64() + i);
            return positions;
        }
    }

    /// <summary>The version of a stream after the append; 0 when the append does not write to it.</summary>
    /// <param name="stream">The stream.</param>
    public long VersionOf(StreamId stream)
    {
        var version = 0L;
        foreach (var range in Streams)
            if (range.StreamId == stream) version = Math.Max(version, range.LastVersion);
        return version;
    }

    /// <summary>The same result, marked as found rather than written.</summary>
    internal AppendResult AsDuplicate() => this with { WasDuplicate = true };

    /// <inheritdoc/>
    public bool Equals(AppendResult other) =>
        FirstPosition == other.FirstPosition && LastPosition == other.LastPosition && WasDuplicate == other.WasDuplicate
        && Streams.SequenceEqual(other.Streams) && Positions.SequenceEqual(other.Positions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is AppendResult other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(FirstPosition, LastPosition, WasDuplicate, Count);

    /// <summary>Positions and versions, for people.</summary>
    public override string ToString() =>
        $"positions {FirstPosition}-{LastPosition}, {string.Join(", ", Streams)}{(WasDuplicate ? " (stored before)" : "")}";

    /// <summary>Equal in every field.</summary>
    public static bool operator ==(AppendResult left, AppendResult right) => left.Equals(right);

    /// <summary>Different in some field.</summary>
    public static bool operator !=(AppendResult left, AppendResult right) => !left.Equals(right);
}
