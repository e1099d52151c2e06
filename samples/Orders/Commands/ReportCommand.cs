using EventSourcing;
using Orders.Domain;
using Orders.Reporting;
using Orders.Views;

namespace Orders.Commands;

/// <summary><c>report --db FILE [--json] [--replay]</c>: from views, which are brought up to date first, or from the log.</summary>
internal static class ReportCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        var db = args.Get("--db");
        await using var store = Stores.OpenForReading(db);
        try
        {
            var report = args.Has("--replay") ? await SalesReport.OfAsync(store, cancellationToken) : await FromViewsAsync(store, cancellationToken);
            await screen.Out.WriteLineAsync(args.Has("--json") ? report.ToJson() : report.ToText());
            return 0;
        }
        catch (StoreReadOnlyException)
        {
            throw new RefusedException($"{db} cannot be written, so its views cannot be brought up to date; report --replay reads the log");
        }
    }

    private static async Task<SalesReport> FromViewsAsync(IEventStore store, CancellationToken cancellationToken)
    {
        await using var views = ShopViews.On(store);
        await views.CatchUpAsync(cancellationToken);
        return await ViewReport.OfAsync(views, cancellationToken);
    }
}
