using Orders.Reporting;

namespace Orders.Commands;

/// <summary><c>report --db FILE [--json]</c></summary>
internal static class ReportCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        await using var store = Stores.OpenForReading(args.Get("--db"));
        var report = await SalesReport.OfAsync(store, cancellationToken);
        await screen.Out.WriteLineAsync(args.Has("--json") ? report.ToJson() : report.ToText());
        return 0;
    }
}
