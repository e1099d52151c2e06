namespace Orders.Importing;

/// <summary>What one pass over a file tells the next: which invoices are refused, and on which line each of the others ends.</summary>
/// <remarks>
/// The lines of an invoice may stand anywhere. Knowing its last line, the second pass holds only invoices that are not
/// complete yet, however long the file is.
/// </remarks>
public sealed class SalesScan
{
    private readonly Dictionary<string, int> _lastLines = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private readonly List<(int Line, string Problem)> _problems = [];

    private SalesScan()
    {
    }

    /// <summary>Malformed lines in the file's order.</summary>
    public IReadOnlyList<(int Line, string Problem)> Problems => _problems;

    /// <summary>Invoices with a malformed line.</summary>
    public IReadOnlySet<string> Refused => _refused;

    /// <summary>The number of records, malformed ones included.</summary>
    public int Count { get; private set; }

    /// <summary>Reads the whole file once.</summary>
    public static SalesScan Of(SalesFile file, CancellationToken cancellationToken = default)
    {
        var scan = new SalesScan();
        foreach (var (record, line, problem) in file.Read())
        {
            if ((++scan.Count & 1023) == 0) cancellationToken.ThrowIfCancellationRequested();
            if (line is not null) scan._lastLines[line.Invoice] = line.Line;
            else scan.Refuse(record, problem!);
        }

        return scan;
    }

    /// <summary>True when the line belongs to an invoice that is imported.</summary>
    public bool Admits(SaleLine line) => !_refused.Contains(line.Invoice);

    /// <summary>True when no more lines of the line's invoice follow.</summary>
    public bool IsLast(SaleLine line) => _lastLines[line.Invoice] == line.Line;

    private void Refuse(in CsvRecord record, string problem)
    {
        var names = record.Fields.Count > 0 && InvoiceNumber.TryParse(record.Fields[0], out _);
        _problems.Add((record.Line, names ? $"{problem}; invoice {record.Fields[0]} is refused" : problem));
        if (names) _refused.Add(record.Fields[0]);
    }
}
