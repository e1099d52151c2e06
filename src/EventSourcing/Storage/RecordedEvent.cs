namespace EventSourcing.Storage;

/// <summary>An event as bytes, as stored: 96 bytes, since pages hold many.</summary>
public readonly struct RecordedEvent
{
    /// <summary>The highest position that an event can have: 2^56 - 1.</summary>
    public const long MaxPosition = (1L << 56) - 1;

    /// <summary>The highest version that an event can have: 2^40 - 1.</summary>
    public const long MaxVersion = (1L << 40) - 1;

    private const long JsonBit = long.MinValue;
    private const int PositionMarkBits = 8;
    private const int VersionMarkBits = 24;

    // Ticks are never negative: the sign bit holds whether the data is JSON.
    private readonly long _ticksAndJson;

    // The low bits of both hold the mark.
    private readonly ulong _positionAndMark;
    private readonly ulong _versionAndMark;

    /// <summary>The place in the log, from 1 to <see cref="MaxPosition"/>.</summary>
    public required GlobalPosition Position
    {
        get => GlobalPosition.FromInt64((long)(_positionAndMark >> PositionMarkBits));
        init => _positionAndMark = (Checked(value.ToInt64(), MaxPosition, nameof(Position)) << PositionMarkBits) | (byte)_positionAndMark;
    }

    /// <summary>The stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The place in the stream, from 1 to <see cref="MaxVersion"/>.</summary>
    public required long Version
    {
        get => (long)(_versionAndMark >> VersionMarkBits);
        init => _versionAndMark = (Checked(value, MaxVersion, nameof(Version)) << VersionMarkBits) | (_versionAndMark & ((1UL << VersionMarkBits) - 1));
    }

    /// <summary>The stored type name.</summary>
    public required string Type { get; init; }

    /// <summary>The event's id, unique in the log.</summary>
    public required Guid Id { get; init; }

    /// <summary>The random number that the log drew for the event: it tells two histories of a log apart. 0 for an event stored before logs drew marks.</summary>
    public uint Mark
    {
        get => (uint)(_versionAndMark << PositionMarkBits) | (byte)_positionAndMark;
        init
        {
            _positionAndMark = (_positionAndMark & ~0xFFUL) | (byte)value;
            _versionAndMark = (_versionAndMark >> VersionMarkBits << VersionMarkBits) | (value >> PositionMarkBits);
        }
    }

    /// <summary>The event's place in this history of the log.</summary>
    public ResumeToken Token => ResumeToken.Of(Position, Id, Mark);

    /// <summary>When the log stored it: UTC, microseconds; never decreases with the position.</summary>
    public required DateTimeOffset Timestamp
    {
        get => new(_ticksAndJson & ~JsonBit, TimeSpan.Zero);
        init => _ticksAndJson = value.UtcTicks | (_ticksAndJson & JsonBit);
    }

    /// <summary>The optional parts, which many events do not have; null for none.</summary>
    public EventDetails? Details { get; init; }

    /// <summary>When it happened, as the caller gave it: UTC, microseconds; null when the caller gave no time.</summary>
    public DateTimeOffset? OccurredAt => Details?.OccurredAt;

    /// <summary>The correlation id, or null.</summary>
    public string? CorrelationId => Details?.CorrelationId;

    /// <summary>The causation id, or null.</summary>
    public string? CausationId => Details?.CausationId;

    /// <summary>The form of <see cref="Data"/>, as a media type; null for JSON, or where no media type was given.</summary>
    public string? ContentType => Details?.ContentType;

    /// <summary>The schema number of the event's type, 1 or more.</summary>
    public int SchemaVersion => Details?.SchemaVersion ?? 1;

    /// <summary>A JSON object in UTF-8, or empty. See <see cref="LogRead.ReuseBuffers"/> for how long the memory lives.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }

    /// <summary>The payload. See <see cref="LogRead.ReuseBuffers"/> for how long the memory lives.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>True when <see cref="Data"/> is JSON in UTF-8.</summary>
    public bool IsJson
    {
        get => _ticksAndJson < 0;
        init => _ticksAndJson = value ? _ticksAndJson | JsonBit : _ticksAndJson & ~JsonBit;
    }

    /// <summary>The tags in the order they were given; null where there are none, or where the read did not include them.</summary>
    /// <remarks>The list is the log's own, without a wrapper for each event. Do not change it through a cast. <see cref="EventEnvelope.Tags"/> cannot be changed.</remarks>
    public IReadOnlyList<Tag>? Tags => Details?.Tags;

    private static ulong Checked(long number, long max, string name) =>
        (ulong)number <= (ulong)max ? (ulong)number : throw new ArgumentOutOfRangeException(name, number, $"It must be from 0 to {max}.");
}
