using System.Globalization;
using EventSourcing;
using Orders.Domain;

namespace Orders.Commands;

/// <summary>Runs one command and returns the exit code. 0: done. 1: not done, with the reason in one line, or the file is damaged or a view differs. 2: done except for the lines that are listed.</summary>
public static class App
{
    private const string Help = """
        The order sample of EventSourcing.

          Orders                                          a tour of the library on a SQLite file
          Orders import FILE.csv[.gz] --db FILE           import sales; again, or after a kill, nothing is added twice
          Orders report --db FILE [--json] [--replay]     sales in numbers, from views or, slower, from the log
          Orders show ORDER --db FILE [--version N | --at TIME]
                                                          an order now, at a version or at a time (UTC without offset)
          Orders log --db FILE [--type T] [--stream S] [--user U] [--last N]
                                                          stored events: position, stream, version, type, time, JSON
          Orders trace ORDER --db FILE                    what led to what in the operations that changed an order
          Orders reconcile FILE.csv[.gz] --db FILE        invoices whose sales in the file and in the store differ
          Orders views --db FILE                          view sets: version, mode, state, position, lag, size, file
          Orders rebuild [VIEW] --db FILE                 build views again from the log; the present ones serve meanwhile
          Orders backup --db FILE --to FILE               the store as it is now, in a new file
          Orders verify --db FILE                         examine a file that nobody has open, a backup for one,
                                                          then compare its views with a replay

        Exit codes: 0 done; 1 nothing done, or the file is damaged or a view differs; 2 imported, but malformed lines were left out,
        or reconciled, and something differs.
        """;

    /// <summary>Runs the command that the arguments say.</summary>
    public static async Task<int> RunAsync(string[] args, Screen screen, CancellationToken cancellationToken = default)
    {
        // Numbers and dates print alike everywhere; the culture flows with the call and ends with it.
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            return await DispatchAsync(args, screen, cancellationToken);
        }
        catch (UsageException e)
        {
            return await FailAsync($"{e.Message} (--help tells more)");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return await FailAsync("stopped; the same command continues where it ended");
        }
        catch (Exception e) when (e is EventSourcingException or RefusedException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return await FailAsync(e.Message);
        }

        async Task<int> FailAsync(string message)
        {
            await screen.Error.WriteLineAsync(Screen.OneLine(message));
            return 1;
        }
    }

    private static async Task<int> DispatchAsync(string[] args, Screen screen, CancellationToken cancellationToken)
    {
        if (args.Any(a => a is "--help" or "-h" or "-?"))
        {
            await screen.Out.WriteLineAsync(Help);
            return 0;
        }

        return args switch
        {
            [] => await Tour.RunAsync(screen, cancellationToken),
            ["import", .. var rest] => await ImportCommand.RunAsync(new(rest, ["--db"], []), screen, cancellationToken),
            ["report", .. var rest] => await ReportCommand.RunAsync(new(rest, ["--db"], ["--json", "--replay"]), screen, cancellationToken),
            ["show", .. var rest] => await ShowCommand.RunAsync(new(rest, ["--db", "--version", "--at"], []), screen, cancellationToken),
            ["log", .. var rest] => await LogCommand.RunAsync(new(rest, ["--db", "--type", "--stream", "--user", "--last"], []), screen, cancellationToken),
            ["trace", .. var rest] => await TraceCommand.RunAsync(new(rest, ["--db"], []), screen, cancellationToken),
            ["reconcile", .. var rest] => await ReconcileCommand.RunAsync(new(rest, ["--db"], []), screen, cancellationToken),
            ["views", .. var rest] => await ViewsCommand.RunAsync(new(rest, ["--db"], []), screen, cancellationToken),
            ["rebuild", .. var rest] => await RebuildCommand.RunAsync(new(rest, ["--db"], []), screen, cancellationToken),
            ["backup", .. var rest] => await BackupCommand.RunAsync(new(rest, ["--db", "--to"], []), screen, cancellationToken),
            ["verify", .. var rest] => await VerifyCommand.RunAsync(new(rest, ["--db"], []), screen, cancellationToken),
            [var unknown, ..] => throw new UsageException($"unknown command '{unknown}'"),
        };
    }
}
