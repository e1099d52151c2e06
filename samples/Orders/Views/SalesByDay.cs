using Orders.Domain;

namespace Orders.Views;

/// <summary>The net value of a day.</summary>
public sealed record DaySales(DateOnly Day, decimal NetValue);

/// <summary>Sales by day, in UTC. Key: the day, so that the order of keys is the order of days.</summary>
public sealed class SalesByDay : LineSums<DaySales>
{
    /// <summary>Declares the projection.</summary>
    public SalesByDay() : base("sales-by-day", version: 1, ShopJson.Default.DaySales) => Index("day", row => row.Day);

    /// <inheritdoc/>
    protected override string KeyOf(SoldLine line) => $"{line.Day:O}";

    /// <inheritdoc/>
    protected override DaySales Add(DaySales? row, SoldLine line) => new(line.Day, (row?.NetValue ?? 0) + line.Value);
}
