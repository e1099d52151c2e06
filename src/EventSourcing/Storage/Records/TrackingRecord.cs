using System.Buffers.Binary;
using System.Text;

namespace EventSourcing.Storage;

/// <summary>The stored position of a source: the value of its <see cref="RecordKind.Tracking"/> record, whose key is the source's name.</summary>
public readonly record struct TrackingRecord
{
    /// <summary>The record of a source.</summary>
    /// <param name="position">The highest place of the source that was read, 1 or more.</param>
    /// <param name="token">Where the source is a log, the token of the event at the place; <c>default</c> for any other source.</param>
    public TrackingRecord(long position, ResumeToken token = default) =>
        (Position, Token) = (position, token);

    /// <summary>The highest place of the source that was read, 1 or more.</summary>
    public long Position { get; }

    /// <summary>Where the source is a log, the token of the event at the place; <c>default</c> for any other source.</summary>
    public ResumeToken Token { get; }

    /// <summary>Creates the record for an append's tracking entry.</summary>
    /// <param name="tracking">The entry.</param>
    public static TrackingRecord Of(Tracking tracking)
    {
        ArgumentNullException.ThrowIfNull(tracking);
        return new(tracking.Position, tracking.Token);
    }

    /// <summary>The tracking entry that the record was created for.</summary>
    /// <param name="source">The record's key.</param>
    public Tracking ToTracking(string source) => new(source, Position, Token);

    /// <summary>True when the source was read up to an entry's position or further: an append with this entry is a duplicate.</summary>
    /// <param name="tracking">An entry of the same source.</param>
    public bool Includes(Tracking tracking)
    {
        ArgumentNullException.ThrowIfNull(tracking);
        return tracking.Position <= Position;
    }

    /// <summary>The stored form: the position as 8 bytes, little-endian, and after it, where there is a token, its text.</summary>
    public byte[] ToBytes()
    {
        var token = Token == default ? "" : Token.ToString();
        var bytes = new byte[sizeof(long) + token.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Position);
        Encoding.ASCII.GetBytes(token, bytes.AsSpan(sizeof(long)));
        return bytes;
    }

    /// <summary>Reads the stored form.</summary>
    /// <param name="source">The record's key, for the error.</param>
    /// <param name="bytes">The stored form.</param>
    /// <exception cref="StoreCorruptException">There are fewer than 8 bytes, or the text after them is not a token.</exception>
    public static TrackingRecord Parse(string source, ReadOnlySpan<byte> bytes)
    {
        if (!BinaryPrimitives.TryReadInt64LittleEndian(bytes, out var position))
            throw Damaged(source, $"it has {bytes.Length} bytes; a position takes {sizeof(long)}");
        if (bytes.Length == sizeof(long)) return new(position);
        var text = Encoding.ASCII.GetString(bytes[sizeof(long)..]);
        return ResumeToken.TryParse(text, null, out var token) ? new(position, token) : throw Damaged(source, $"'{text}' is not a resume token");
    }

    private static StoreCorruptException Damaged(string source, string what) => new(what, $"the tracking record of source '{source}'") { RecordKey = source };
}
