using System.Globalization;

namespace Orders.Importing;

/// <summary>One line of an invoice as the retailer's file has it.</summary>
public sealed record SaleLine(
    int Line, string Invoice, string StockCode, string Description, int Quantity, DateTimeOffset SoldAt, decimal UnitPrice, string CustomerId, string Country)
{
    /// <summary>The file's columns.</summary>
    public static IReadOnlyList<string> Columns { get; } =
        ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];

    private const int MaxName = 100;
    private const decimal MaxPrice = 1_000_000_000m;
    private const int MaxPriceDecimals = 6;

    private static readonly string[] s_dateFormats =
        ["yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mmK"];

    /// <summary>Reads a record; answers with what is wrong, or null. Prices and quantities may be zero or negative, a description and a customer empty.</summary>
    public static string? TryParse(in CsvRecord record, out SaleLine? line)
    {
        line = null;
        if (record.Problem is { } problem) return problem;
        var f = record.Fields;
        if (!InvoiceNumber.TryParse(f[0], out _)) return $"'{f[0]}' is no invoice number";
        if (f[1].Length == 0) return "the stock code is empty";
        if (f[7].Length == 0) return "the country is empty";
        if (ProblemOfName("stock code", f[1]) is { } code) return code;
        if (ProblemOfName("customer id", f[6]) is { } customer) return customer;
        if (ProblemOfName("country", f[7]) is { } country) return country;
        if (f[2].Contains('\uFFFD', StringComparison.Ordinal)) return "the description is not UTF-8";
        if (!int.TryParse(f[3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var quantity))
            return $"'{f[3]}' is no quantity: a whole number of at most 31 bits";
        if (!DateTimeOffset.TryParseExact(f[4], s_dateFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var soldAt))
            return $"'{f[4]}' is no date such as 2010-12-01 08:26:00";
        if (!TryParsePrice(f[5], out var price))
            return $"'{f[5]}' is no price: below a thousand million, with at most {MaxPriceDecimals} decimals";
        line = new(record.Line, f[0], f[1], f[2], quantity, soldAt, price, f[6], f[7]);
        return null;
    }

    // The bounds keep quantity times price, and sums of very many of them, exact in a decimal.
    private static bool TryParsePrice(string text, out decimal price) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out price)
        && Math.Abs(price) < MaxPrice
        && (text.IndexOf('.', StringComparison.Ordinal) is var point && (point < 0 || text.Length - point - 1 <= MaxPriceDecimals));

    // Names become parts of stream names and tags, which have no control characters.
    private static string? ProblemOfName(string what, string name) =>
        name.Length > MaxName ? $"the {what} is longer than {MaxName} characters"
        : name.Any(char.IsControl) ? $"the {what} has a control character"
        : name.Contains('\uFFFD', StringComparison.Ordinal) ? $"the {what} is not UTF-8"
        : null;
}
