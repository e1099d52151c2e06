using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.KillTest;

/// <summary>What a run saw.</summary>
/// <param name="Kills">Processes killed.</param>
/// <param name="KillsInTransaction">Of these, how many held the write lock and left what they sealed uncommitted.</param>
/// <param name="KillsAfter">Of these, how many had sealed everything.</param>
/// <param name="Inserted">Events inserted in SQL.</param>
/// <param name="Wrong">Events that are missing, twice, out of order, untagged or unsealed.</param>
/// <param name="Findings">What the verification of the file found.</param>
public sealed record SealReport(int Kills, int KillsInTransaction, int KillsAfter, long Inserted, long Wrong, int Findings);

/// <summary>A process that seals what was inserted in SQL is killed again and again; afterwards everything must be sealed, once.</summary>
public static class SealRun
{
    private const int Kinds = 100;

    private static readonly EventTypeMap s_types = EventTypeMap.Create(KillJson.Default, map => map.Add<Numbered>("numbered", e => e.Tag("kind", "kind")));

    /// <summary>Kills <paramref name="kills"/> processes, each with <paramref name="events"/> events or more to seal.</summary>
    public static async Task<SealReport> RunAsync(string folder, int kills, int events, int seed)
    {
        var random = new Random(seed);
        var path = Path.Combine(folder, "log.db");
        await Open(path).DisposeAsync();
        using var foreign = new SqliteConnection($"Data Source={path};Pooling=False;Default Timeout=30");
        foreign.Open();
        var (inserted, inTransaction, after) = (0L, 0, 0);
        Insert();
        var longest = await TimeAsync(path);
        for (var i = 0; i < kills; i++)
        {
            Insert();
            using var child = Start(path);
            await child.StandardOutput.ReadLineAsync();
            var until = Stopwatch.GetTimestamp() + (long)(random.NextDouble() * 1.5 * longest.TotalSeconds * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < until) Thread.Yield();
            var isLocked = IsLocked(foreign);
            child.Kill();
            await child.WaitForExitAsync();
            if (Scalar(foreign, "SELECT count(*) FROM es_unfinished") == 0) after++;
            else if (isLocked) inTransaction++;
        }

        await using var log = Open(path);
        var wrong = await WrongAsync(log, inserted);
        wrong += Scalar(foreign, "SELECT count(*) FROM es_unfinished") + Math.Abs(inserted - Scalar(foreign, "SELECT count(*) FROM es_event_tags"));
        return new(kills, inTransaction, after, inserted, wrong, (await log.VerifyAsync()).Issues.Count);

        void Insert()
        {
            var count = Math.Max(1, events - Scalar(foreign, "SELECT count(*) FROM es_unfinished"));
            Execute(foreign, $"INSERT INTO events (stream, eventType, data) WITH RECURSIVE n(i) AS (SELECT {inserted + 1} UNION ALL SELECT i + 1 FROM n WHERE i < {inserted + count}) "
                + $"SELECT 's-' || (i % 7), 'numbered', json_object('n', i, 'kind', i % {Kinds}) FROM n");
            inserted += count;
        }
    }

    /// <summary>The process to be killed: seals.</summary>
    public static async Task ChildAsync(string path)
    {
        await using var log = Open(path);
        Console.WriteLine("open");
        await log.GetHeadAsync();
        Console.WriteLine("sealed");
    }

    private static SqliteEventLog Open(string path)
    {
        var log = SqliteEventLog.Open(path);
        log.UseTagRules(s_types.Types);
        return log;
    }

    private static Process Start(string path) =>
        Process.Start(new ProcessStartInfo("dotnet", [typeof(SealRun).Assembly.Location, "sealing", path]) { RedirectStandardOutput = true })!;

    // How long an undisturbed process takes from its opening to its end of sealing.
    private static async Task<TimeSpan> TimeAsync(string path)
    {
        using var child = Start(path);
        await child.StandardOutput.ReadLineAsync();
        var started = Stopwatch.GetTimestamp();
        await child.StandardOutput.ReadLineAsync();
        var taken = Stopwatch.GetElapsedTime(started);
        await child.WaitForExitAsync();
        return taken;
    }

    // Sealing is all that the other process writes.
    private static bool IsLocked(SqliteConnection foreign)
    {
        Execute(foreign, "PRAGMA busy_timeout = 0");
        try
        {
            return SQLitePCL.raw.sqlite3_exec(foreign.Handle, "BEGIN IMMEDIATE; ROLLBACK") == SQLitePCL.raw.SQLITE_BUSY;
        }
        finally
        {
            Execute(foreign, "PRAGMA busy_timeout = 30000");
        }
    }

    private static async Task<long> WrongAsync(SqliteEventLog log, long inserted)
    {
        var (wrong, number) = (0L, 0L);
        await foreach (var e in log.ReadEventsAsync(new AllRead()))
        {
            number++;
            using var data = JsonDocument.Parse(e.Data);
            var isRight = e.Position.ToInt64() == number && data.RootElement.GetProperty("n").GetInt64() == number
                && e.Tags is [var tag] && tag.Value == (number % Kinds).ToString(CultureInfo.InvariantCulture);
            if (!isRight) wrong++;
        }

        return wrong + Math.Abs(inserted - number);
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}

internal sealed record Numbered(long N, int Kind);
