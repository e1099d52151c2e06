using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Storage;

/// <summary>The hash of an erased event's content, by which a repeat of its append is recognized: SHA-256 over stream, type and data, cut to 16 bytes.</summary>
public static class ContentHash
{
    /// <summary>The size of a hash in bytes.</summary>
    public const int Size = 16;

    /// <summary>The hash of an event's content.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="type">The stored type name.</param>
    /// <param name="data">The payload.</param>
    /// <returns>A new array of <see cref="Size"/> bytes.</returns>
    public static byte[] Of(StreamId stream, string type, ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Names hold no control characters, so the zeros keep the parts apart.
        hash.AppendData(Encoding.UTF8.GetBytes($"{stream.Value}\0{type}\0"));
        hash.AppendData(data);
        return hash.GetHashAndReset()[..Size];
    }
}
