using System.Globalization;
using System.Text;

namespace EventSourcing.Leasing;

/// <summary>A partition of a subscription, with the keys of its records. A name contains no slash, so the records of one name never sort among those of another.</summary>
/// <param name="Name">The subscription's name.</param>
/// <param name="Partition">From 0.</param>
/// <param name="Partitions">1, or <see cref="PartitionCount"/>.</param>
internal readonly record struct PartitionId(string Name, int Partition, int Partitions)
{
    internal const int PartitionCount = 16;

    internal bool IsPartitioned => Partitions > 1;

    /// <summary>The key of checkpoint and lease: the subscription's name if it is not partitioned.</summary>
    internal string Key => IsPartitioned ? string.Create(CultureInfo.InvariantCulture, $"{Name}/{Partition:x2}") : Name;

    /// <summary>Parses the key of a checkpoint or a lease; false when it is no such key.</summary>
    internal static bool TryParse(string recordKey, out PartitionId key)
    {
        var slash = recordKey.IndexOf('/', StringComparison.Ordinal);
        key = slash < 0 ? new(recordKey, 0, 1) : default;
        if (slash < 0) return true;
        if (recordKey.Length != slash + 3 || !int.TryParse(recordKey.AsSpan(slash + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var partition) || partition >= PartitionCount)
            return false;
        key = new(recordKey[..slash], partition, PartitionCount);
        return true;
    }

    internal static string MembersOf(string name) => $"{name}/member/";

    internal string ParkedPrefix => string.Create(CultureInfo.InvariantCulture, $"{Name}/{Partition:x2}/");

    /// <summary>The key of a parked event: the records of one partition key are adjacent, in order of position.</summary>
    internal string ParkedKey(string key, GlobalPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{ParkedPrefix}{Hash(key):x16}/{position.ToInt64():x16}");

    internal string ParkedKeyPrefix(string key) => string.Create(CultureInfo.InvariantCulture, $"{ParkedPrefix}{Hash(key):x16}/");

    /// <summary>Parses a key made by <see cref="ParkedKey"/>; false when it is no such key.</summary>
    internal static bool TryParseParkedKey(string recordKey, out ulong hash, out long position)
    {
        (hash, position) = (0, 0);
        return recordKey.Split('/') is [_, _, { Length: 16 } hashed, { Length: 16 } at]
            && ulong.TryParse(hashed, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out hash)
            && long.TryParse(at, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out position) && position > 0;
    }

    /// <summary>An upper bound of the keys with a prefix: no key of a record contains a higher character.</summary>
    internal static string LastOf(string prefix) => prefix + "~";

    internal bool Holds(string key) => Partitions == 1 || PartitionOf(key) == Partition;

    /// <summary>The partition of a partition key.</summary>
    internal static int PartitionOf(string key) => (int)(Hash(key) % PartitionCount);

    /// <summary>A hash that is the same in every process and every version: FNV-1a over UTF-16 units, then the finalizer of SplitMix64, which distributes the low bits evenly.</summary>
    internal static ulong Hash(string key)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in key) hash = (hash ^ c) * 1099511628211UL;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBUL;
        return hash ^ (hash >> 31);
    }

    /// <summary>The key of a process's record among the members of a partitioned subscription.</summary>
    internal static string MemberKey(string name, Guid owner) => MembersOf(name) + owner.ToString("N");

    /// <summary>Refuses a name that is not valid, or that is too long for the keys that contain it.</summary>
    internal static void ThrowIfInvalid(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Storage.Name.ThrowIfInvalid(name, "subscription name", nameof(name));
        if (name.Length > 200 || name.Contains('/', StringComparison.Ordinal))
            throw new ArgumentException($"A subscription name must have at most 200 characters and must not contain a slash: '{name}'.", nameof(name));
        var (bytes, most) = (Encoding.UTF8.GetByteCount(name), Storage.Name.MaxBytes - s_addedBytes);
        if (bytes > most) throw new ArgumentException($"The subscription name '{name}' takes {bytes} bytes of UTF-8; the maximum is {most}, because the keys of its records are longer.", nameof(name));
    }

    // The number of bytes by which the longest key of a name exceeds the name.
    private static readonly int s_addedBytes = LongestKeyOf("").Length;

    private static string LongestKeyOf(string name)
    {
        var last = new PartitionId(name, PartitionCount - 1, PartitionCount);
        return new[] { last.Key, last.ParkedKey("", GlobalPosition.FromInt64(long.MaxValue)), MemberKey(name, Guid.Empty) }.MaxBy(k => k.Length)!;
    }
}
