using EventSourcing;
using Orders.Domain.Sales;
using Orders.Importing;

namespace Orders.Reporting;

/// <summary>Lines and their value.</summary>
public readonly record struct Sales(long Lines, decimal NetValue)
{
    /// <summary>Both together.</summary>
    public Sales Plus(Sales other) => new(Lines + other.Lines, NetValue + other.NetValue);
}

/// <summary>The sales of a file and those of a store, invoice by invoice.</summary>
/// <param name="Count">The invoices that either has.</param>
/// <param name="InFile">All sales of the file.</param>
/// <param name="InStore">All sales of the store.</param>
/// <param name="Differences">The invoices that differ, by number.</param>
/// <param name="Problems">Lines of the file that say nothing readable.</param>
public sealed record Reconciliation(
    int Count, Sales InFile, Sales InStore, IReadOnlyList<(string Invoice, Sales InFile, Sales InStore)> Differences, IReadOnlyList<(int Line, string Problem)> Problems)
{
    /// <summary>Compares a file with a store, each read once.</summary>
    public static async Task<Reconciliation> OfAsync(SalesFile file, IEventStore store, CancellationToken cancellationToken = default)
    {
        Dictionary<string, (Sales File, Sales Store)> invoices = new(StringComparer.Ordinal);
        List<(int, string)> problems = [];
        foreach (var (record, line, problem) in file.Read())
        {
            if (line is null) problems.Add((record.Line, problem!));
            else Change(line.Invoice, i => (i.File.Plus(new(1, line.Quantity * line.UnitPrice)), i.Store));
        }

        var sales = EventQuery.Of(typeof(OrderCreated), typeof(OrderUpdated), typeof(CreditNoteIssued), typeof(AdjustmentBooked), typeof(DocumentContinued));
        await foreach (var e in store.ReadAllAsync(sales, cancellationToken: cancellationToken))
        {
            var invoice = e.StreamId.Value[(e.StreamId.Category.Length + 1)..];
            foreach (var line in ((ISale)e.Data).Lines) Change(invoice, i => (i.File, i.Store.Plus(new(1, line.Total))));
            foreach (var line in (e.Data as OrderUpdated)?.Removed ?? []) Change(invoice, i => (i.File, i.Store.Plus(new(-1, -line.Total))));
        }

        return new(
            invoices.Count,
            invoices.Values.Aggregate(default(Sales), (sum, i) => sum.Plus(i.File)),
            invoices.Values.Aggregate(default(Sales), (sum, i) => sum.Plus(i.Store)),
            [.. invoices.Where(i => i.Value.File != i.Value.Store).OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => (i.Key, i.Value.File, i.Value.Store))],
            problems);

        void Change(string invoice, Func<(Sales File, Sales Store), (Sales, Sales)> change) => invoices[invoice] = change(invoices.GetValueOrDefault(invoice));
    }
}
