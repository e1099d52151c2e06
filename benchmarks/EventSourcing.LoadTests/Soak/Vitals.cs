using SQLitePCL;

namespace EventSourcing.LoadTests.Soak;

/// <summary>What the process holds at a moment.</summary>
/// <param name="Heap">Bytes of live objects.</param>
/// <param name="Sqlite">Bytes that SQLite has allocated and not freed, in all connections of the process.</param>
/// <param name="Resident">Bytes of memory that the system has given to the process, SQLite's included.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Descriptors">Open file descriptors.</param>
/// <param name="WriteAheadLog">Bytes of the write-ahead log's file.</param>
internal sealed record Vitals(long Heap, long Sqlite, long Resident, int Threads, int Descriptors, long WriteAheadLog)
{
    private const int Looks = 5;

    /// <summary>Bytes that SQLite has allocated and not freed, now.</summary>
    public static long OfSqlite() => raw.sqlite3_memory_used();

    public static async Task<Vitals> TakeAsync(string path)
    {
        // Pages and effects on their way come and go: the smallest of several is what stays.
        var (heap, sqlite) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < Looks; i++)
        {
            if (i > 0) await Task.Delay(100);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            heap = Math.Min(heap, GC.GetTotalMemory(forceFullCollection: true));
            sqlite = Math.Min(sqlite, OfSqlite());
        }

        return new(heap, sqlite, Environment.WorkingSet, Entries("/proc/self/task"), Entries("/proc/self/fd"), new FileInfo(path + "-wal") is { Exists: true } wal ? wal.Length : 0);
    }

    private static int Entries(string directory) => Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory).Length : 0;
}
