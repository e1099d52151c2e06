using System.Globalization;
using EventSourcing;

namespace Orders.Views;

/// <summary>The net value of a day.</summary>
public sealed record DaySales(DateOnly Day, decimal NetValue)
{
    /// <summary>The sales in a row of the tally.</summary>
    public static DaySales Of(TallyRow row) => new(DateOnly.ParseExact(row.Key(SalesByDay.Day).Text!, "yyyy-MM-dd", CultureInfo.InvariantCulture), row.Number(LineTally.NetValue));
}

/// <summary>Sales by day, in UTC. The order of keys is the order of days.</summary>
public sealed class SalesByDay : LineTally
{
    /// <summary>The name.</summary>
    public const string TallyName = "sales-by-day";

    /// <summary>The dimension.</summary>
    public const string Day = "day";

    /// <summary>Declares the tally.</summary>
    public SalesByDay() : base(TallyName, version: 2, Day, (line, envelope) => line.DayIn(envelope))
    {
    }
}
