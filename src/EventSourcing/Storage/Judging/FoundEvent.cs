namespace EventSourcing.Storage;

/// <summary>A stored event that has the id of an event of an append.</summary>
public readonly record struct FoundEvent
{
    /// <summary>The result of a comparison.</summary>
    /// <param name="position">Where it is stored, or was before it was erased; from 1.</param>
    /// <param name="version">Its version in its stream; from 1.</param>
    /// <param name="difference">How it differs from the append's event.</param>
    public FoundEvent(GlobalPosition position, long version, ContentDifference difference) =>
        (Position, Version, Difference) = (position, version, difference);

    /// <summary>Where it is stored, or was before it was erased; from 1.</summary>
    public GlobalPosition Position { get; }

    /// <summary>Its version in its stream; from 1.</summary>
    public long Version { get; }

    /// <summary>How it differs from the append's event.</summary>
    public ContentDifference Difference { get; }

    internal bool IsStored => Position != GlobalPosition.Start;

    /// <summary>Compares a stored event with an event of an append.</summary>
    /// <param name="stored">The stored event.</param>
    /// <param name="stream">The stream that the append writes to.</param>
    /// <param name="e">The append's event.</param>
    public static FoundEvent Of(in RecordedEvent stored, StreamId stream, in LogEvent e) =>
        new(stored.Position, stored.Version, DifferenceOf(stored, stream, e));

    /// <summary>Compares what is kept of an erased event with an event of an append.</summary>
    /// <param name="position">The position that the erased event had.</param>
    /// <param name="version">Its version.</param>
    /// <param name="contentHash">Its <see cref="ContentHash"/>, taken when it was erased.</param>
    /// <param name="stream">The stream that the append writes to.</param>
    /// <param name="e">The append's event.</param>
    public static FoundEvent OfErased(GlobalPosition position, long version, ReadOnlySpan<byte> contentHash, StreamId stream, in LogEvent e) =>
        new(position, version, contentHash.SequenceEqual(ContentHash.Of(stream, e.Type, e.Data.Span)) ? ContentDifference.None : ContentDifference.Erased);

    private static ContentDifference DifferenceOf(in RecordedEvent stored, StreamId stream, in LogEvent e)
    {
        if (stored.StreamId != stream) return ContentDifference.Stream;
        if (stored.Type != e.Type) return ContentDifference.Type;
        return stored.Data.Span.SequenceEqual(e.Data.Span) ? ContentDifference.None : ContentDifference.Data;
    }
}
