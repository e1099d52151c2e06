using System.Diagnostics;
using System.Globalization;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;

namespace EventSourcing.KillTest;

/// <summary>Kills a process that migrates one log of an older schema after the other.</summary>
/// <param name="Kills">How often it was killed.</param>
/// <param name="Migrated">Files of the new schema.</param>
/// <param name="Untouched">Files of the old schema, of those that the process had begun with.</param>
/// <param name="Broken">Files that are neither.</param>
public sealed record MigrateRun(int Kills, int Migrated, int Untouched, IReadOnlyList<string> Broken)
{
    private const int FilesPerProcess = 200;

    /// <summary>Kills the process at random moments. Each time it has copies of a log of its own.</summary>
    public static async Task<MigrateRun> RunAsync(string folder, string source, int kills, int seed)
    {
        var random = new Random(seed);
        var (migrated, untouched, broken) = (0, 0, new List<string>());
        for (var kill = 0; kill < kills; kill++)
        {
            var files = Enumerable.Range(0, FilesPerProcess).Select(i => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{kill}-{i}.db"))).ToArray();
            foreach (var file in files) File.Copy(source, file);
            using (var child = Start(folder, kill))
            {
                await child.StandardOutput.ReadLineAsync().ConfigureAwait(false);
                await Task.Delay(random.Next(20, 1500)).ConfigureAwait(false);
                child.Kill();
                await child.WaitForExitAsync().ConfigureAwait(false);
            }

            foreach (var file in files)
            {
                var isNew = SchemaOf(file) == "2";
                if (isNew) migrated++;
                else if (File.Exists(file + "-wal")) untouched++;
                try
                {
                    await using (SqliteEventLog.Open(file))
                    {
                        if (SchemaOf(file) != "2") broken.Add($"{file} is not migrated");
                    }

                    if (isNew && await SqliteEventLog.VerifyAsync(file).ConfigureAwait(false) is { IsIntact: false } verification) broken.Add($"{file}: {verification.Issues[0]}");
                }
                catch (EventSourcingException e)
                {
                    broken.Add($"{file}: {e.Message}");
                }

                File.Delete(file);
            }
        }

        return new(kills, migrated, untouched, broken);
    }

    internal static async Task ChildAsync(string folder, string kill)
    {
        Console.WriteLine("ready");
        for (var i = 0; i < FilesPerProcess; i++) await SqliteEventLog.Open(Path.Combine(folder, $"{kill}-{i}.db")).DisposeAsync().ConfigureAwait(false);
        await Task.Delay(Timeout.Infinite).ConfigureAwait(false);
    }

    private static Process Start(string folder, int kill) => Process.Start(new ProcessStartInfo("dotnet", [typeof(MigrateRun).Assembly.Location, "migrating", folder, kill.ToString(CultureInfo.InvariantCulture)])
    {
        RedirectStandardOutput = true,
        UseShellExecute = false,
    })!;

    private static string SchemaOf(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT CAST(value AS TEXT) FROM es_log WHERE name = 'schema'";
        return (string)command.ExecuteScalar()!;
    }
}
