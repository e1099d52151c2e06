using Orders.Domain;

namespace Orders.Views;

/// <summary>The net value of a country.</summary>
public sealed record CountrySales(string Country, decimal NetValue);

/// <summary>Sales by country. Key: the country.</summary>
public sealed class SalesByCountry : LineSums<CountrySales>
{
    /// <summary>Declares the projection.</summary>
    public SalesByCountry() : base("sales-by-country", version: 1, ShopJson.Default.CountrySales) => Index("netValue", row => row.NetValue);

    /// <inheritdoc/>
    protected override string KeyOf(SoldLine line) => ViewKey.Of(line.Country);

    /// <inheritdoc/>
    protected override CountrySales Add(CountrySales? row, SoldLine line) => new(line.Country, (row?.NetValue ?? 0) + line.Value);
}
