using System.Globalization;

namespace EventSourcing.Sqlite.Native;

/// <summary>The native library that the process has loaded: an application may bring another than ours.</summary>
internal static class SqliteLibrary
{
    /// <summary>Older ones can damage the file when two connections write and checkpoint at once (sqlite.org/wal.html, "The WAL-Reset Bug").</summary>
    internal const int Oldest = 3_051_003;

    /// <exception cref="StoreConfigurationException">The library that is loaded is too old.</exception>
    internal static void RefuseUnsafe() => RefuseUnsafe(NativeMethods.sqlite3_libversion_number());

    /// <summary>The same for a version as SQLite numbers it: 3_051_003 is 3.51.3.</summary>
    internal static void RefuseUnsafe(int found)
    {
        if (found < Oldest)
            throw new StoreConfigurationException($"The SQLite that this process has loaded is {Name(found)}; {Name(Oldest)} or newer is needed, because older ones can damage a write-ahead log that several connections use. Nothing was changed.");
    }

    private static string Name(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number / 1_000_000}.{number / 1000 % 1000}.{number % 1000}");
}
