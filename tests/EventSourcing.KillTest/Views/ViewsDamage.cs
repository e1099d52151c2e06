using Microsoft.Data.Sqlite;

namespace EventSourcing.KillTest.Views;

/// <summary>What is done to the files of a log and its views.</summary>
public enum ViewsDamageKind
{
    /// <summary>A view's file is cut off.</summary>
    Truncated,

    /// <summary>A view's file is removed; its write-ahead log stays.</summary>
    Deleted,

    /// <summary>A view's file is removed with its write-ahead log.</summary>
    DeletedWithLog,

    /// <summary>A view's file is replaced by that of another log.</summary>
    Replaced,

    /// <summary>A view's file is replaced by that of another log with the same number of the build.</summary>
    ReplacedByNumber,

    /// <summary>The log is restored to an older state while no process has it open.</summary>
    Restored,

    /// <summary>The log is restored to an older state by SQLite's backup, while processes have it open.</summary>
    RestoredInPlace,
}

/// <summary>Damages views, and restores their log.</summary>
internal static class ViewsDamage
{
    private static readonly string[] s_companions = ["-wal", "-shm"];

    /// <summary>Damages a file of a view.</summary>
    /// <param name="kind">What is done.</param>
    /// <param name="path">The view's file.</param>
    /// <param name="other">A file of a view of another log.</param>
    /// <param name="random">Draws the length of what is cut off.</param>
    internal static void Apply(ViewsDamageKind kind, string path, string other, Random random)
    {
        switch (kind)
        {
            case ViewsDamageKind.Truncated:
                using (var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)) file.SetLength(random.Next(3) == 0 ? 0 : random.NextInt64(file.Length));
                break;
            case ViewsDamageKind.Deleted:
                File.Delete(path);
                break;
            case ViewsDamageKind.DeletedWithLog:
                Delete(path);
                break;
            case ViewsDamageKind.Replaced or ViewsDamageKind.ReplacedByNumber:
                var made = path + "-new";
                File.Copy(other, made);
                if (kind == ViewsDamageKind.ReplacedByNumber) Renumber(made, ViewsPlace.BuildOf(path));
                if (random.Next(2) == 0) Delete(path);
                File.Move(made, path, overwrite: true);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "It is no damage of a view's file.");
        }
    }

    /// <summary>Puts a backup in the place of a log that no process has open.</summary>
    internal static void Restore(string backup, string log)
    {
        Delete(log);
        File.Copy(backup, log);
    }

    /// <summary>Writes the content of a backup into an open log.</summary>
    internal static void RestoreInPlace(string backup, string log)
    {
        using var source = new SqliteConnection($"Data Source={backup};Pooling=False");
        using var target = new SqliteConnection($"Data Source={log};Pooling=False;Default Timeout=30");
        source.Open();
        target.Open();
        for (var isDone = false; !isDone;)
        {
            try
            {
                source.BackupDatabase(target);
                isDone = true;
            }
            catch (SqliteException e) when (e.SqliteErrorCode is SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED)
            {
                // A process writes.
                Thread.Sleep(5);
            }
        }
    }

    /// <summary>Makes a file of a view of another log, without companions.</summary>
    /// <returns>Its path.</returns>
    internal static async Task<string> MakeOtherAsync(string folder, string set, Random random)
    {
        Directory.CreateDirectory(folder);
        var made = Path.Combine(folder, $"{set}.db");
        await using var place = ViewsPlace.Open(folder);
        if ((await place.Store.GetHeadAsync()).ToInt64() == 0) await place.FillAsync(random, 500);
        await place.Views.CatchUpAsync();
        var path = (await place.Views.GetStatusAsync()).Single(status => status.Set == set).Path!;
        using var database = new SqliteConnection($"Data Source={path};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "VACUUM INTO $path";
        command.Parameters.AddWithValue("$path", made);
        command.ExecuteNonQuery();
        InWalMode(made, "SELECT 1");
        return made;
    }

    private static void Renumber(string path, long build) => InWalMode(path, System.FormattableString.Invariant($"UPDATE es_view SET build = {build}"));

    private static void InWalMode(string path, string sql)
    {
        using var database = new SqliteConnection($"Data Source={path};Pooling=False");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = $"PRAGMA journal_mode = WAL; {sql}";
        command.ExecuteNonQuery();
    }

    private static void Delete(string path)
    {
        File.Delete(path);
        foreach (var companion in s_companions) File.Delete(path + companion);
    }
}
