using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Orders.Tests.Reporting;

/// <summary>A line of the retailer's file, read without the importer.</summary>
internal sealed record RetailLine(string Invoice, string StockCode, long Quantity, string Day, decimal Price, string Customer, string Country)
{
    internal decimal Value => Quantity * Price;

    internal bool IsOrder => char.IsAsciiDigit(Invoice[0]);
}

/// <summary>The file of real sales that lies beside the repository: <c>shared/data/online-retail-….csv.gz</c> in a folder above, or the path in <c>ORDERS_SALES_FILE</c>.</summary>
internal static class RetailData
{
    /// <summary>Its path; a test without it is skipped.</summary>
    internal static string FindPath()
    {
        if (Environment.GetEnvironmentVariable("ORDERS_SALES_FILE") is { Length: > 0 } named) return named;
        for (var folder = new DirectoryInfo(TestContext.CurrentContext.TestDirectory); folder is not null; folder = folder.Parent)
        {
            var data = new DirectoryInfo(Path.Combine(folder.FullName, "shared", "data"));
            if (data.Exists && data.GetFiles("online-retail-*.csv.gz") is [var file, ..]) return file.FullName;
        }

        Assert.Ignore("There is no file of real sales: name one in ORDERS_SALES_FILE.");
        return "";
    }

    internal static List<RetailLine> Read(string path)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress), Encoding.UTF8);
        text.ReadLine();
        List<RetailLine> lines = [];
        while (text.ReadLine() is { } record)
        {
            var f = Fields(record);
            lines.Add(new(f[0], f[1], long.Parse(f[3], CultureInfo.InvariantCulture), f[4][..10], decimal.Parse(f[5], CultureInfo.InvariantCulture), f[6], f[7]));
        }

        return lines;
    }

    // No field of this file has a line break.
    private static List<string> Fields(string record)
    {
        List<string> fields = [];
        var field = new StringBuilder();
        var isQuoted = false;
        foreach (var c in record)
        {
            if (c == '"') isQuoted = !isQuoted;
            else if (c == ',' && !isQuoted)
            {
                fields.Add(field.ToString());
                field.Clear();
            }
            else field.Append(c);
        }

        fields.Add(field.ToString());
        return fields;
    }
}
