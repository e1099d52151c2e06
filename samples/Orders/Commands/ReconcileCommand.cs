using Orders.Importing;
using Orders.Reporting;

namespace Orders.Commands;

/// <summary><c>reconcile FILE.csv[.gz] --db FILE</c>: do the books agree?</summary>
internal static class ReconcileCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        var (path, db) = (args.Operand("the CSV file"), args.Get("--db"));
        using var file = SalesFile.Open(path);
        await using var store = Stores.OpenForReading(db);
        var reconciliation = await Reconciliation.OfAsync(file, store, cancellationToken);
        foreach (var (line, problem) in reconciliation.Problems)
            await screen.Error.WriteLineAsync(Screen.OneLine($"{Path.GetFileName(path)} line {line}: {problem}"));
        foreach (var (invoice, inFile, inStore) in reconciliation.Differences)
            await screen.Out.WriteLineAsync($"invoice {invoice}: {Text(inFile)} in the file, {Text(inStore)} in the store");
        await screen.Out.WriteLineAsync($"{reconciliation.Count:N0} invoices compared, {reconciliation.Differences.Count:N0} differ; {Text(reconciliation.InFile)} in the file, {Text(reconciliation.InStore)} in the store");
        return reconciliation.Differences.Count + reconciliation.Problems.Count == 0 ? 0 : 2;
    }

    private static string Text(Sales sales) => sales.Lines == 0 ? "nothing" : $"{sales.Lines:N0} lines of {sales.NetValue:#,0.00####}";
}
