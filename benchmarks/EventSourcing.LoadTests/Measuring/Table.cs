using System.Globalization;

namespace EventSourcing.LoadTests.Measuring;

/// <summary>A Markdown table on the console.</summary>
internal sealed class Table
{
    private readonly int _columns;

    public Table(string title, params string[] columns)
    {
        _columns = columns.Length;
        Console.WriteLine();
        Console.WriteLine($"### {title}");
        Console.WriteLine();
        Write(columns);
        Write([.. columns.Select((_, i) => i == 0 ? "---" : "---:")]);
    }

    public void Row(params string[] cells)
    {
        if (cells.Length != _columns) throw new ArgumentException($"The table has {_columns} columns.", nameof(cells));
        Write(cells);
    }

    public static string Number(double? value, int digits = 0) =>
        value is { } number && !double.IsNaN(number) ? number.ToString($"N{digits}", CultureInfo.InvariantCulture) : "-";

    /// <summary>With three significant digits, for durations from nanoseconds to seconds.</summary>
    public static string Short(double? value) => Number(value, value switch { < 1 => 3, < 10 => 2, < 100 => 1, _ => 0 });

    private static void Write(string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
}
