using System.Text;
using Orders.Views;

namespace Orders.Reporting;

/// <summary>A chart of plain characters: time from left to right, in columns of one or more days.</summary>
public static class DayChart
{
    private const int MaxColumns = 73;
    private const int Height = 10;

    /// <summary>Draws the days; null when no column is above zero.</summary>
    public static string? Of(IReadOnlyList<DaySales> days)
    {
        if (days.Count == 0) return null;
        var (first, last) = (days[0].Day, days[^1].Day);
        var span = last.DayNumber - first.DayNumber + 1;
        var daysPerColumn = (span + MaxColumns - 1) / MaxColumns;
        var columns = new decimal[(span + daysPerColumn - 1) / daysPerColumn];
        foreach (var day in days) columns[(day.Day.DayNumber - first.DayNumber) / daysPerColumn] += day.NetValue;
        return columns.Max() is > 0 and var highest ? Draw(columns, highest, $"{first:yyyy-MM-dd} to {last:yyyy-MM-dd}, {daysPerColumn} a column") : null;
    }

    private static string Draw(decimal[] columns, decimal highest, string caption)
    {
        var text = new StringBuilder();
        for (var row = Height; row > 0; row--)
        {
            // A column reaches a row when it fills at least half of it.
            var least = highest * (row - 0.5m) / Height;
            var label = row == Height ? $"{highest:N0}" : row == 1 ? "0" : "";
            text.AppendLine($"{label,16} |{string.Concat(columns.Select(column => column >= least ? '#' : ' ')).TrimEnd()}");
        }

        return text.AppendLine($"{"",16} +{new string('-', columns.Length)}").AppendLine($"{"",18}{caption}").ToString();
    }
}
