using System.Diagnostics;
using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>
/// Backups of a log while 64 callers append to it and another process inserts in SQL: how long each takes, how far the write-ahead log grows meanwhile, and how long appends
/// take beside it. Each backup is verified and compared with the log, row by row, while the callers rest.
/// </summary>
internal static class BackupWorkload
{
    /// <summary>The argument of the other process.</summary>
    public const string Inserting = "inserting";

    private const int Callers = 64, BackupsPerRound = 10, FramesBytes = 4096 + 24;

    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "backup");
        await using var log = SqliteEventLog.Open(file.Path);
        await FillAsync(log, settings.Events);
        using var other = ThisProgram.Start(Inserting, file.Path);
        var load = new Load(log);
        var callers = load.RunAsync();
        var (alone, beside) = (new List<long>(), new List<long>());
        var table = new Table(
            $"Backups under {Callers} callers and another process", "backup", "ms", "events", "MiB", "write-ahead log before, MiB", "at its most, MiB", "appends/s beside", "p50 µs", "p99 µs", "max µs", "exact prefix");
        for (var i = 1; i <= settings.Rounds * BackupsPerRound; i++)
        {
            alone.AddRange(await load.MeasureAsync(() => Task.Delay(TimeSpan.FromSeconds(settings.Seconds / 2))));
            using var backup = new DatabaseFile(settings.Directory, "backup-copy");
            using var wal = new WriteAheadLog(file.Path);
            var (before, most, result) = (wal.Bytes(), 0L, default(BackupResult)!);
            var times = await load.MeasureAsync(async () => result = await log.BackupAsync(backup.Path, new Looked(() => most = Math.Max(most, wal.Bytes()))));
            load.Rest();
            beside.AddRange(times);
            var latency = Percentiles.Of([.. times]);
            table.Row(
                Table.Number(i), Table.Short(result.Duration.TotalMilliseconds), Table.Number(result.Head.ToInt64()), Table.Short(result.Bytes / 1048576.0), Table.Short(before / 1048576.0), Table.Short(most / 1048576.0),
                Table.Number(times.Count / result.Duration.TotalSeconds), Table.Short(latency.P50), Table.Short(latency.P99), Table.Short(latency.Max),
                await IsPrefixAsync(file.Path, backup.Path, result.Head.ToInt64()) ? "yes" : "**no**");
            load.GoOn();
        }

        load.Stop();
        await callers;
        other.StandardInput.Close();
        await other.WaitForExitAsync();
        Summarize(alone, beside);
    }

    /// <summary>The other process: inserts, one event in each transaction, until its input ends.</summary>
    public static void Insert(string path)
    {
        var end = Task.Run(() => Console.In.ReadToEnd());
        using var connection = new SqliteConnection($"Data Source={path};Default Timeout=60");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO events (stream, eventType, data) VALUES ('foreign', 'inserted', '{}')";
        while (!end.IsCompleted)
        {
            command.ExecuteNonQuery();
            Thread.Sleep(5);
        }
    }

    private static void Summarize(List<long> alone, List<long> beside)
    {
        var table = new Table("Appends alone and beside a backup", "", "appends", "p50 µs", "p99 µs", "max µs");
        foreach (var (name, times) in new[] { ("alone", alone), ("beside a backup", beside) })
        {
            var latency = Percentiles.Of([.. times]);
            table.Row(name, Table.Number(times.Count), Table.Short(latency.P50), Table.Short(latency.P99), Table.Short(latency.Max));
        }
    }

    private static async Task FillAsync(SqliteEventLog log, int events)
    {
        var caller = new LogCaller(log, 1, 1000);
        for (var i = 0; i < events; i += caller.Events) await caller.AppendAsync($"filled-{i / 100_000}", i % 100_000);
    }

    private static async Task<bool> IsPrefixAsync(string path, string backup, long head)
    {
        var verification = await SqliteEventLog.VerifyAsync(backup);
        foreach (var finding in verification.Issues.Take(5)) Console.Error.WriteLine(finding);
        return verification.IsIntact && verification.Head.ToInt64() == head && verification.Events == head && Same(path, backup) == head;
    }

    // What was not sealed then may be now, with its checksum and tags.
    private static long Same(string path, string backup)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            ATTACH $backup AS backup;
            SELECT count(*) FROM main.es_events a JOIN backup.es_events b ON a.position = b.position
            WHERE a.id = b.id AND a.stream = b.stream AND a.version = b.version AND a.type = b.type AND a.time = b.time AND a.data = b.data AND coalesce(b.checksum, a.checksum) IS a.checksum
            """;
        command.Parameters.AddWithValue("$backup", backup);
        return (long)command.ExecuteScalar()!;
    }

    private sealed class Looked(Action look) : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value) => look();
    }

    /// <summary>How much of the write-ahead log is in use, which its file's size does not tell.</summary>
    private sealed class WriteAheadLog : IDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly SqliteCommand _look;

        public WriteAheadLog(string path)
        {
            _connection = new($"Data Source={path};Pooling=False");
            _connection.Open();
            _look = _connection.CreateCommand();
            _look.CommandText = "PRAGMA wal_checkpoint(NOOP)";
        }

        public long Bytes()
        {
            using var row = _look.ExecuteReader();
            return row.Read() ? row.GetInt64(1) * FramesBytes : 0;
        }

        public void Dispose()
        {
            _look.Dispose();
            _connection.Dispose();
        }
    }

    /// <summary>Callers that append one event at a time, and rest when told.</summary>
    private sealed class Load(SqliteEventLog log)
    {
        private readonly List<long>[] _times = [.. Enumerable.Range(0, Callers).Select(_ => new List<long>())];
        private volatile TaskCompletionSource _go = Open();
        private volatile bool _stopped, _isMeasured;

        public Task RunAsync() => Task.WhenAll(Enumerable.Range(0, Callers).Select(i => Task.Run(() => AppendAsync(i))));

        public void Rest() => _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => _go.TrySetResult();

        public void Stop() => _stopped = true;

        /// <summary>How long the appends took that ended while something was done.</summary>
        public async Task<List<long>> MeasureAsync(Func<Task> work)
        {
            foreach (var list in _times)
                lock (list) list.Clear();
            _isMeasured = true;
            await work();
            _isMeasured = false;
            var times = new List<long>();
            foreach (var list in _times)
                lock (list) times.AddRange(list);
            return times;
        }

        private static TaskCompletionSource Open()
        {
            var source = new TaskCompletionSource();
            source.SetResult();
            return source;
        }

        private async Task AppendAsync(int number)
        {
            var caller = new LogCaller(log, 1, 1);
            for (var version = 0L; !_stopped; version++)
            {
                await _go.Task;
                var began = Stopwatch.GetTimestamp();
                await caller.AppendAsync($"caller-{number}", version);
                var took = Stopwatch.GetTimestamp() - began;
                if (!_isMeasured) continue;
                lock (_times[number]) _times[number].Add(took);
            }
        }
    }
}
