using System.Diagnostics;
using System.Globalization;
using System.Text;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.KillTest;

/// <summary>What a run saw.</summary>
/// <param name="Calls">Appends sent, by all callers of all processes.</param>
/// <param name="Stored">Of these, how many were answered as stored just now.</param>
/// <param name="Appends">How many different appends there were: so many are to be stored.</param>
/// <param name="Events">Events in the log.</param>
/// <param name="OtherAnswers">Answers with other positions or versions than another answer to the same append.</param>
public sealed record RetryReport(long Calls, long Stored, long Appends, long Events, long OtherAnswers);

/// <summary>Processes send the same appends to one file at once, each from many callers.</summary>
public static class RetryRun
{
    private const int Callers = 64;

    /// <summary>Every append is sent by 64 callers of each process: once with a command id, once with event ids.</summary>
    public static async Task<RetryReport> RunAsync(string folder, int processes, int appends)
    {
        var path = Path.Combine(folder, "log.db");
        await using var log = SqliteEventLog.Open(path);
        var children = Enumerable.Range(0, processes).Select(_ => Process.Start(
            new ProcessStartInfo("dotnet", [typeof(RetryRun).Assembly.Location, "retrying", path, appends.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!).ToList();
        foreach (var child in children) await child.StandardOutput.ReadLineAsync();
        foreach (var child in children) await child.StandardInput.WriteLineAsync("go");
        var (stored, others, first) = (0L, 0L, new Dictionary<string, string>());
        foreach (var child in children)
        {
            stored += long.Parse((await child.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            others += long.Parse((await child.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);
            while (await child.StandardOutput.ReadLineAsync() is { } line)
            {
                var (append, answer) = (line.Split('\t')[0], line.Split('\t')[1]);
                if (!first.TryAdd(append, answer) && first[append] != answer) others++;
            }

            await child.WaitForExitAsync();
            if (child.ExitCode != 0) throw new InvalidOperationException($"A process ended with {child.ExitCode}.");
            child.Dispose();
        }

        var head = await log.GetHeadAsync();
        return new(2L * Callers * processes * appends, stored, first.Count, head.ToInt64(), others);
    }

    /// <summary>One of the processes: says how many appends it stored, how many answers differed, and the answer to each append.</summary>
    public static async Task ChildAsync(string path, int appends)
    {
        await using var log = SqliteEventLog.Open(path);
        Console.WriteLine("ready");
        Console.ReadLine();
        var answers = await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(() => CallAsync(log, appends))));
        Console.WriteLine(answers.Sum(a => a.Stored));
        Console.WriteLine(answers.Sum(a => a.Texts.Zip(answers[0].Texts).Count(pair => pair.First != pair.Second)));
        foreach (var text in answers[0].Texts) Console.WriteLine(text);
    }

    private static async Task<(long Stored, List<string> Texts)> CallAsync(SqliteEventLog log, int appends)
    {
        var (stored, texts) = (0L, new List<string>());
        for (var i = 0; i < 2 * appends; i++)
        {
            var result = await log.AppendAsync(i % 2 == 0 ? ByCommand(i) : ByEvent(i), default);
            if (!result.WasDuplicate) stored++;
            texts.Add($"{i}\t{string.Join(' ', result.Positions)} {string.Join(' ', result.Streams)}");
        }

        return (stored, texts);
    }

    private static LogAppend ByCommand(int number) => new() { CommandId = $"c-{number}", Fingerprint = BitConverter.GetBytes(number), Writes = Writes(number, null) };

    private static LogAppend ByEvent(int number) => new() { Writes = Writes(number, new Guid(number + 1, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8)) };

    private static StreamWrite[] Writes(int number, Guid? id) =>
        [new($"s-{number % 10}", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = Encoding.ASCII.GetBytes($"{number}"), IsJson = true, Id = id } })];
}
