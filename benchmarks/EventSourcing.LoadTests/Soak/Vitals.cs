namespace EventSourcing.LoadTests.Soak;

/// <summary>What the process holds at a moment.</summary>
/// <param name="Heap">Bytes of live objects.</param>
/// <param name="Resident">Bytes of memory that the system has given to the process, SQLite's included.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Descriptors">Open file descriptors.</param>
/// <param name="WriteAheadLog">Bytes of the write-ahead log's file.</param>
internal sealed record Vitals(long Heap, long Resident, int Threads, int Descriptors, long WriteAheadLog)
{
    private const int Looks = 5;

    public static async Task<Vitals> TakeAsync(string path)
    {
        // Pages and effects on their way come and go: the smallest of several is what stays.
        var heap = long.MaxValue;
        for (var i = 0; i < Looks; i++)
        {
            if (i > 0) await Task.Delay(100);
            GC.Collect();
            GC.WaitForPendingFinalizers();
            heap = Math.Min(heap, GC.GetTotalMemory(forceFullCollection: true));
        }

        return new(heap, Environment.WorkingSet, Entries("/proc/self/task"), Entries("/proc/self/fd"), new FileInfo(path + "-wal") is { Exists: true } wal ? wal.Length : 0);
    }

    private static int Entries(string directory) => Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory).Length : 0;
}
