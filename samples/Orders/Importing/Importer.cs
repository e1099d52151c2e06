using EventSourcing;
using Orders.Domain;
using Orders.Domain.Products;
using Orders.Domain.Users;

namespace Orders.Importing;

/// <summary>Brings a file of sales into a store: a stream for each invoice, and for each customer and product on first sight.</summary>
/// <remarks>
/// Every append has a command id made from the data. Whatever was stored before, by an import that was killed or by one that
/// ran to its end, is answered by the store as a repeat: nothing is stored twice, and the importer keeps no notes of its own.
/// </remarks>
public sealed class Importer(IEventStore store)
{
    // Appends that wait together are committed together: one flush to disk for all of them.
    private const int MaxInFlight = 128;

    private readonly Dictionary<string, Task> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Task> _products = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<SaleLine>> _open = new(StringComparer.Ordinal);
    private readonly Queue<Task> _inFlight = [];
    private readonly List<(int Line, string Problem)> _refused = [];
    private int _lines;
    private int _invoices;
    private long _events;

    /// <summary>Imports a file that was scanned. Runs once.</summary>
    /// <param name="file">The file.</param>
    /// <param name="scan">What the scan of the same file found.</param>
    /// <param name="onProgress">Called with the number of records read, in rising order.</param>
    /// <param name="cancellationToken">Ends the import; a second import of the file continues where the first ended.</param>
    public async Task<ImportResult> RunAsync(SalesFile file, SalesScan scan, Action<int>? onProgress = null, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = 0;
            foreach (var (_, line, _) in file.Read())
            {
                onProgress?.Invoke(++read);
                if (line is null || !scan.Admits(line)) continue;
                if (Complete(line, scan.IsLast(line)) is not { } invoice) continue;
                if (_inFlight.Count == MaxInFlight) await _inFlight.Dequeue();
                _inFlight.Enqueue(ImportAsync(invoice, cancellationToken));
            }
        }
        finally
        {
            // Also on the way out of a failure: nothing is left running on a store that is about to be closed.
            await Task.WhenAll(_inFlight);
        }

        return new(_lines, _invoices, _events, [.. _refused.OrderBy(r => r.Line)]);
    }

    private Invoice? Complete(SaleLine line, bool isLast)
    {
        if (!_open.TryGetValue(line.Invoice, out var lines)) _open.Add(line.Invoice, lines = []);
        lines.Add(line);
        if (!isLast) return null;
        _open.Remove(line.Invoice);
        return new(line.Invoice, lines);
    }

    private async Task ImportAsync(Invoice invoice, CancellationToken cancellationToken)
    {
        // Users and products first: no event names one that the log does not have before it.
        await Task.WhenAll(FirstSights(invoice, cancellationToken));
        try
        {
            var append = new Append { CommandId = $"import/{invoice.Number}" }.To(invoice.Stream, ExpectedVersion.NoStream, invoice.Events());
            await AppendAsync(append, cancellationToken);
            Interlocked.Add(ref _lines, invoice.Lines.Count);
            Interlocked.Increment(ref _invoices);
        }
        catch (CommandIdConflictException)
        {
            Refuse(invoice, "was imported before with other content");
        }
        catch (WrongExpectedVersionException)
        {
            Refuse(invoice, $"is not imported: stream {invoice.Stream} exists already");
        }
        catch (EventTooLargeException e)
        {
            Refuse(invoice, $"is not imported: {e.Message}");
        }
    }

    private List<Task> FirstSights(Invoice invoice, CancellationToken cancellationToken)
    {
        var tasks = new List<Task>(invoice.Lines.Count + 1);
        foreach (var line in invoice.Lines)
        {
            if (line.CustomerId.Length > 0) tasks.Add(Once(_users, line.CustomerId, "user", Streams.User(line.CustomerId), line, cancellationToken));
            tasks.Add(Once(_products, line.StockCode, "product", Streams.Product(line.StockCode), line, cancellationToken));
        }

        return tasks;
    }

    private Task Once(Dictionary<string, Task> seen, string id, string kind, StreamId stream, SaleLine line, CancellationToken cancellationToken)
    {
        if (seen.TryGetValue(id, out var task)) return task;
        object e = kind == "user"
            ? new UserImported(line.CustomerId, line.Country)
            : new ProductAdded(line.StockCode, line.Description, "", line.UnitPrice);
        return seen[id] = FirstSightAsync($"import/{kind}/{id}", stream, new EventData(e).At(line.SoldAt), cancellationToken);
    }

    // Another file may show the same user or product first in other words: an empty fingerprint lets the id alone decide.
    private async Task FirstSightAsync(string commandId, StreamId stream, EventData e, CancellationToken cancellationToken)
    {
        try
        {
            await AppendAsync(new Append { CommandId = commandId, Fingerprint = ReadOnlyMemory<byte>.Empty }.To(stream, ExpectedVersion.NoStream, [e]), cancellationToken);
        }
        catch (WrongExpectedVersionException)
        {
            // Registered in another way before the import: known all the same.
        }
    }

    private async Task AppendAsync(Append append, CancellationToken cancellationToken)
    {
        var result = await store.AppendAsync(append, cancellationToken);
        if (!result.WasDuplicate) Interlocked.Add(ref _events, result.Count);
    }

    private void Refuse(Invoice invoice, string reason)
    {
        lock (_refused) _refused.Add((invoice.Lines[0].Line, $"invoice {invoice.Number} {reason}"));
    }
}
