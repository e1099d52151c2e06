namespace EventSourcing.Sqlite;

/// <summary>The failures that an acknowledged append survives.</summary>
/// <remarks>Source: SQLite's documentation of <c>PRAGMA synchronous</c> in WAL mode (sqlite.org/pragma.html#pragma_synchronous).</remarks>
public enum Durability
{
    /// <summary>Process kill, operating system crash and power cut, on a disk that honours fsync: the write-ahead log is fsynced before the answer (<c>synchronous=FULL</c>).</summary>
    Full,

    /// <summary>Process kill only: the last appends may be lost after an operating system crash or power cut. The rest stays consistent (<c>synchronous=NORMAL</c>).</summary>
    ProcessCrashOnly,
}
