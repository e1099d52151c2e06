using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Sqlite.Internal;

/// <summary>What an erased event is recognised by when it is appended again: SHA-256 over stream, type and data, cut to 16 bytes.</summary>
internal static class ContentHash
{
    internal static byte[] Of(string stream, string type, ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // Names hold no control characters, so the zeros keep the parts apart.
        hash.AppendData(Encoding.UTF8.GetBytes($"{stream}\0{type}\0"));
        hash.AppendData(data);
        return hash.GetHashAndReset()[..16];
    }
}
