using EventSourcing;

namespace Orders.Views;

/// <summary>The net value of a country.</summary>
public sealed record CountrySales(string Country, decimal NetValue)
{
    /// <summary>The sales in a row of the tally.</summary>
    public static CountrySales Of(TallyRow row) => new(row.Key(SalesByCountry.Country).Text ?? "", row.Number(LineTally.NetValue));
}

/// <summary>Sales by country.</summary>
public sealed class SalesByCountry : LineTally
{
    /// <summary>The name.</summary>
    public const string TallyName = "sales-by-country";

    /// <summary>The dimension.</summary>
    public const string Country = "country";

    /// <summary>Declares the tally.</summary>
    public SalesByCountry() : base(TallyName, version: 2, Country, (line, _) => line.Country)
    {
    }
}
