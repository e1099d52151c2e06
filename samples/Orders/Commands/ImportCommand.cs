using System.Diagnostics;
using Orders.Importing;

namespace Orders.Commands;

/// <summary><c>import FILE.csv[.gz] --db FILE</c></summary>
internal static class ImportCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        var (path, db) = (args.Operand("the CSV file"), args.Get("--db"));
        var watch = Stopwatch.StartNew();
        // The file is read through before the store is opened: one that cannot be read creates no database.
        using var file = SalesFile.Open(path);
        var scan = SalesScan.Of(file, cancellationToken);
        await using var store = await Stores.OpenAsync(db);
        foreach (var (line, problem) in scan.Problems) await ComplainAsync(screen, path, line, problem);

        var progress = new ProgressDisplay(screen, scan.Count, "lines read");
        var result = await new Importer(store).RunAsync(file, scan, read => progress.Show(read), cancellationToken);
        foreach (var (line, problem) in result.Refused) await ComplainAsync(screen, path, line, problem);

        var seconds = watch.Elapsed.TotalSeconds;
        await screen.Out.WriteLineAsync(
            $"{result.Lines:N0} lines of {result.Invoices:N0} invoices are stored; {result.Events:N0} events appended; " +
            $"{seconds:N2} s, {result.Lines / seconds:N0} lines/s, {result.Events / seconds:N0} events/s");
        return scan.Problems.Count + result.Refused.Count == 0 ? 0 : 2;
    }

    private static Task ComplainAsync(Screen screen, string path, int line, string problem) =>
        screen.Error.WriteLineAsync(Screen.OneLine($"{Path.GetFileName(path)} line {line}: {problem}"));
}
