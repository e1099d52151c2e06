using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Measuring;

/// <summary>Settings of the floors' connections.</summary>
internal static class Pragmas
{
    /// <summary>Write-ahead log at a durability; everything else as SQLite has it.</summary>
    public static string For(Durability durability) =>
        $"PRAGMA journal_mode = WAL; PRAGMA synchronous = {(durability == Durability.Full ? "FULL" : "NORMAL")};";

    /// <summary>The same with the page cache and checkpoints of our writer.</summary>
    public static string Ours(Durability durability) => For(durability) + "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;";

    /// <summary>Reading with the page cache of our readers, memory-mapped or not.</summary>
    public static string Reading(bool memoryMapped) => memoryMapped ? "PRAGMA cache_size = -16384; PRAGMA mmap_size = 2147418112;" : "PRAGMA cache_size = -16384;";
}
