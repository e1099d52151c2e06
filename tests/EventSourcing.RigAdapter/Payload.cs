using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.RigAdapter;

/// <summary>The rigs' events: what is in them follows from batch, place and size alone.</summary>
internal static class Payload
{
    internal static LogEvent[] Batch(string batch, int count, int size)
    {
        var events = new LogEvent[count];
        for (var i = 0; i < count; i++)
            events[i] = new() { Type = "rig", Id = IdOf($"{batch}/{i}"), Data = Bytes($"{batch}/{i}/{count}/", i, size) };
        return events;
    }

    /// <summary>The reply's words on an event: where it is, what its bytes say and what they are.</summary>
    internal static string Describe(in RecordedEvent e)
    {
        var data = e.Data.Span;
        var parts = Encoding.ASCII.GetString(data[..Math.Min(data.Length, 80)]).Split('/');
        var tag = parts.Length >= 3 ? $"{parts[0]}/{parts[1]}/{parts[2]}" : "?/0/0";
        return $"{e.Position} {Word(e.StreamId.Value)} {e.Version} {Word(tag)} {data.Length} {Crc32.HashToUInt32(data):x8}";
    }

    // The same for every repeat of a batch, so that the log knows it again.
    private static Guid IdOf(string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new(hash, bigEndian: true);
    }

    private static byte[] Bytes(string head, int i, int size)
    {
        var bytes = new byte[Math.Max(size, head.Length)];
        Encoding.ASCII.GetBytes(head, bytes);
        for (var j = head.Length; j < bytes.Length; j++) bytes[j] = (byte)('a' + (((7 * j) + (13 * i)) % 26));
        return bytes;
    }

    private static string Word(string text) => string.Concat(text.Select(c => char.IsWhiteSpace(c) || char.IsControl(c) ? '_' : c));
}
