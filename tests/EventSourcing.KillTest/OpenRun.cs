using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.KillTest;

/// <summary>A process that opens a log, appends when it is told to, and says what became of it.</summary>
public static class OpenRun
{
    /// <summary>Opens and prints <c>open</c> or the exception; then does what it reads line by line: <c>append</c>, <c>read</c>, <c>close</c>. Ends at the end of its input, without closing.</summary>
    internal static async Task ChildAsync(string path, bool readOnly)
    {
        SqliteEventLog log;
        try
        {
            log = SqliteEventLog.Open(path, new() { ReadOnly = readOnly });
        }
        catch (Exception e) when (e is EventSourcingException or ArgumentException)
        {
            Say(e);
            return;
        }

        Console.WriteLine("open");
        while (await Console.In.ReadLineAsync() is { } order)
        {
            try
            {
                switch (order)
                {
                    case "append":
                        var result = await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
                        Console.WriteLine($"appended {result.FirstPosition}");
                        break;
                    case "read":
                        using (var page = await log.ReadAsync(new AllRead(), default)) Console.WriteLine($"read {page.Events.Length}");
                        break;
                    default:
                        await log.DisposeAsync();
                        Console.WriteLine("closed");
                        break;
                }
            }
            catch (EventSourcingException e)
            {
                Say(e);
            }
        }

        Environment.Exit(0);
    }

    private static void Say(Exception e) => Console.WriteLine($"{e.GetType().Name}: {e.Message.ReplaceLineEndings(" ")}");
}
