using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace EventSourcing;

/// <summary>The result of an append: what it stored, or what an earlier append with the same content stored.</summary>
public readonly struct AppendResult : IEquatable<AppendResult>
{
    // Results are copied often, so they are small. One stream is by far the most common case, and derived values are not stored.
    private const int DuplicateBit = int.MinValue;

    private readonly StreamId _stream;
    private readonly long _version;

    // Null for one stream or none, StreamRange[] for any, Scattered where positions are not contiguous.
    private readonly object? _streams;
    // An append never has so many events that the sign bit is needed: it holds whether the result is a duplicate.
    private readonly int _countAndDuplicate;

    /// <summary>For logs: the result of an append whose events lie at contiguous positions, or which has none.</summary>
    /// <param name="streams">What each write stored, in the append's order; writes without events included.</param>
    /// <param name="firstPosition">The first event's position, or that of <paramref name="last"/> when there is no event.</param>
    /// <param name="last">The last event; the log's head when there is no event, <see cref="ResumeToken.Start"/> in an empty log.</param>
    /// <param name="wasDuplicate">True when nothing was written because it was stored before.</param>
    /// <exception cref="ArgumentException">There are more or fewer positions than events.</exception>
    public AppendResult(ImmutableArray<StreamRange> streams, GlobalPosition firstPosition, ResumeToken last, bool wasDuplicate)
        : this(streams.IsDefault ? throw new ArgumentNullException(nameof(streams)) : streams, last, wasDuplicate) => ThrowUnlessFirst(firstPosition);

    /// <summary>For logs: the result of an append to one stream.</summary>
    /// <param name="stream">What was stored in it.</param>
    /// <param name="firstPosition">The first event's position, or that of <paramref name="last"/> when there is no event.</param>
    /// <param name="last">The last event; the log's head when there is no event, <see cref="ResumeToken.Start"/> in an empty log.</param>
    /// <param name="wasDuplicate">True when nothing was written because it was stored before.</param>
    /// <exception cref="ArgumentException">There are more or fewer positions than events.</exception>
    public AppendResult(StreamRange stream, GlobalPosition firstPosition, ResumeToken last, bool wasDuplicate)
    {
        (_stream, _version, _countAndDuplicate) = (stream.StreamId, stream.LastVersion, stream.Count);
        (LastPosition, LastId, LastMark, WasDuplicate) = (last.Position, last.EventId, last.Mark, wasDuplicate);
        if (stream.FirstVersion != FirstOf(stream.LastVersion, stream.Count)) _streams = new[] { stream };
        ThrowUnlessFirst(firstPosition);
    }

    /// <summary>For logs: the result of a repeat whose events were stored by several appends.</summary>
    /// <param name="streams">What each write had stored, in the append's order.</param>
    /// <param name="positions">Every event's position, ascending; at least one.</param>
    /// <param name="last">The last event.</param>
    /// <exception cref="ArgumentException">The last position is not the last event's.</exception>
    public AppendResult(ImmutableArray<StreamRange> streams, IReadOnlyList<GlobalPosition> positions, ResumeToken last)
        : this(streams, last, wasDuplicate: true)
    {
        ArgumentNullException.ThrowIfNull(positions);
        if (positions.Count == 0 || positions[^1] != last.Position) throw new ArgumentException($"The last position is not that of the last event, {last.Position}.", nameof(positions));
        _streams = new Scattered([.. streams], [.. positions]);
    }

    private AppendResult(ImmutableArray<StreamRange> streams, ResumeToken last, bool wasDuplicate)
    {
        (LastPosition, LastId, LastMark) = (last.Position, last.EventId, last.Mark);
        _streams = ImmutableCollectionsMarshal.AsArray(streams);
        if (streams is [var first, ..]) (_stream, _version) = (first.StreamId, first.LastVersion);
        foreach (var stream in streams) _countAndDuplicate += stream.Count;
        WasDuplicate = wasDuplicate;
    }

    /// <summary>The position of the first event; equal to <see cref="LastPosition"/> when the append has no event.</summary>
    public GlobalPosition FirstPosition => _streams is Scattered s ? s.Positions[0] : Count == 0 ? LastPosition : GlobalPosition.FromInt64(FirstOf(LastPosition.ToInt64(), Count));

    /// <summary>The position of the last event; the log's head at the time of the append when it has no event.</summary>
    public GlobalPosition LastPosition { get; private init; }

    /// <summary><see cref="LastPosition"/> for use outside the log: a client passes it back to read its own write, or to continue after it. <see cref="ResumeToken.Start"/> where the log was empty and the append has no event; not verified (<see cref="ResumeToken.IsVerifiable"/>) of a command that loaded its state and stored nothing.</summary>
    public ResumeToken ResumeToken => LastId == Guid.Empty ? ResumeToken.Unverified(LastPosition) : ResumeToken.Of(LastPosition, LastId, LastMark);

    /// <summary>True when nothing was written because the same append, or the same events, had been stored before.</summary>
    public bool WasDuplicate
    {
        get => (_countAndDuplicate & DuplicateBit) != 0;
        private init => _countAndDuplicate = value ? _countAndDuplicate | DuplicateBit : _countAndDuplicate & ~DuplicateBit;
    }

    /// <summary>What each write stored, in the append's order.</summary>
    public IReadOnlyList<StreamRange> Streams => _streams switch
    {
        StreamRange[] streams => ImmutableCollectionsMarshal.AsImmutableArray(streams),
        Scattered scattered => ImmutableCollectionsMarshal.AsImmutableArray(scattered.Streams),
        _ when _stream.IsDefault => [],
        _ => [new StreamRange(_stream, FirstOf(_version, Count), _version, Count)],
    };

    /// <summary>The number of events.</summary>
    public int Count => _countAndDuplicate & ~DuplicateBit;

    /// <summary>The version of the last event of the append's first write; 0 when the append writes to no stream.</summary>
    public long Version => _version;

    /// <summary>Every event's position, ascending, in the append's order. Contiguous unless several appends stored the events of a repeat.</summary>
    public IReadOnlyList<GlobalPosition> Positions
    {
        get
        {
            if (_streams is Scattered scattered) return ImmutableCollectionsMarshal.AsImmutableArray(scattered.Positions);
            var (positions, first) = (new GlobalPosition[Count], FirstPosition.ToInt64());
            for (var i = 0; i < positions.Length; i++) positions[i] = GlobalPosition.FromInt64(first + i);
            return ImmutableCollectionsMarshal.AsImmutableArray(positions);
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

    /// <summary>For logs: the same result with the token of <see cref="LastPosition"/>, where the stored result does not have it.</summary>
    /// <param name="last">The token of the event at <see cref="LastPosition"/>.</param>
    /// <exception cref="ArgumentException">The token is of another position.</exception>
    public AppendResult WithToken(ResumeToken last)
    {
        if (last.Position != LastPosition) throw new ArgumentException($"The token's position is {last.Position}, not {LastPosition}.", nameof(last));
        return this with { LastId = last.EventId, LastMark = last.Mark };
    }

    /// <inheritdoc/>
    public bool Equals(AppendResult other) =>
        FirstPosition == other.FirstPosition && ResumeToken == other.ResumeToken && WasDuplicate == other.WasDuplicate
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

    private Guid LastId { get; init; }

    private uint LastMark { get; init; }

    private static long FirstOf(long last, int count) => last - count + 1;

    private void ThrowUnlessFirst(GlobalPosition first)
    {
        if (first != FirstPosition) throw new ArgumentException($"{Count} events do not lie at {first} to {LastPosition}.", nameof(first));
    }

    private sealed record Scattered(StreamRange[] Streams, GlobalPosition[] Positions);
}
