using System.Runtime.InteropServices;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The stored result of an append with a command id: the value of its <see cref="RecordKind.Command"/> record.</summary>
public sealed record CommandResult
{
    // Format 1 lacks the token of the last position.
    private const byte Format = 2;
    private const byte FormatWithoutToken = 1;
    private const int IdBytes = 16;

    /// <summary>A result to store.</summary>
    /// <param name="fingerprint">The hash of the command's content; empty when none was given.</param>
    /// <param name="result">What the append stored.</param>
    public CommandResult(ReadOnlyMemory<byte> fingerprint, AppendResult result) =>
        (Fingerprint, Result) = (fingerprint, result);

    /// <summary>The hash of the command's content; empty when none was given.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; }

    /// <summary>What the append stored.</summary>
    public AppendResult Result { get; }

    /// <summary>What is remembered of an append. It refers to the append's fingerprint: do not keep it, store <see cref="ToBytes"/>.</summary>
    /// <param name="append">An append with a command id.</param>
    /// <param name="result">Its result.</param>
    public static CommandResult Of(LogAppend append, AppendResult result)
    {
        ArgumentNullException.ThrowIfNull(append);
        return new(append.Fingerprint, result);
    }

    /// <summary>True when an append with this fingerprint is a repeat of the stored one: the fingerprints are equal, or one of the two is empty.</summary>
    /// <param name="fingerprint">The fingerprint of the append to be checked.</param>
    public bool IsRepeatedBy(ReadOnlySpan<byte> fingerprint) =>
        fingerprint.IsEmpty || Fingerprint.IsEmpty || fingerprint.SequenceEqual(Fingerprint.Span);

    /// <summary>The stored form: format, fingerprint, positions, id and mark of the last position's event, streams; little-endian.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Format);
            writer.Write7BitEncodedInt(Fingerprint.Length);
            writer.Write(Fingerprint.Span);
            writer.Write(Result.FirstPosition.ToInt64());
            writer.Write(Result.LastPosition.ToInt64());
            writer.Write(Result.ResumeToken.EventId.ToByteArray(bigEndian: true));
            writer.Write(Result.ResumeToken.Mark);
            writer.Write7BitEncodedInt(Result.Streams.Count);
            foreach (var range in Result.Streams)
            {
                writer.Write(range.StreamId.Value);
                writer.Write7BitEncodedInt64(range.FirstVersion);
                writer.Write7BitEncodedInt64(range.LastVersion);
                writer.Write7BitEncodedInt(range.Count);
            }

            var last = Result.LastPosition.ToInt64() - Result.FirstPosition.ToInt64() + 1;
            var scattered = Result.Count > 0 && last != Result.Count;
            writer.Write(scattered);
            if (scattered)
                foreach (var position in Result.Positions) writer.Write(position.ToInt64());
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote. The result is marked as a duplicate.</summary>
    /// <remarks>A result that was stored before logs drew marks has a token that is not verified: the log looks up the event and completes the result with <see cref="AppendResult.WithToken"/>.</remarks>
    /// <param name="commandId">The record's key, for the error.</param>
    /// <param name="bytes">The stored form.</param>
    /// <exception cref="StoreCorruptException">The bytes have no known format.</exception>
    public static CommandResult Parse(string commandId, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes.ToArray(), writable: false), Encoding.UTF8);
            if (reader.ReadByte() is var format && format is not (Format or FormatWithoutToken)) throw new InvalidDataException($"its format is {format}, not {Format}");
            var fingerprint = reader.ReadBytes(reader.Read7BitEncodedInt());
            var first = GlobalPosition.FromInt64(reader.ReadInt64());
            var last = ReadToken(reader, GlobalPosition.FromInt64(reader.ReadInt64()), format);
            var streams = new StreamRange[reader.Read7BitEncodedInt()];
            for (var i = 0; i < streams.Length; i++)
                streams[i] = new(new(reader.ReadString()), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt());
            if (!reader.ReadBoolean()) return new(fingerprint, new(ImmutableCollectionsMarshal.AsImmutableArray(streams), first, last, wasDuplicate: true));
            var positions = new GlobalPosition[streams.Sum(s => s.Count)];
            for (var i = 0; i < positions.Length; i++) positions[i] = GlobalPosition.FromInt64(reader.ReadInt64());
            return new(fingerprint, new AppendResult(ImmutableCollectionsMarshal.AsImmutableArray(streams), positions, last));
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or FormatException or OverflowException)
        {
            throw new StoreCorruptException(e.Message, $"the result of command '{commandId}'", e);
        }
    }

    private static ResumeToken ReadToken(BinaryReader reader, GlobalPosition position, byte format)
    {
        if (format == FormatWithoutToken) return ResumeToken.Unverified(position);
        var id = new Guid(reader.ReadBytes(IdBytes), bigEndian: true);
        var mark = reader.ReadUInt32();
        return id == Guid.Empty ? ResumeToken.Unverified(position) : ResumeToken.Of(position, id, mark);
    }
}
