using Orders.Importing;

namespace Orders.Tests.Importing;

[TestFixture]
public sealed class SaleLineTests
{
    private static readonly string[] s_good = ["536365", "85123A", "T-LIGHT HOLDER", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"];

    private static (SaleLine? Line, string? Problem) Parse(int column, string value)
    {
        var fields = s_good.ToArray();
        fields[column] = value;
        var problem = SaleLine.TryParse(new(7, fields, null), out var line);
        return (line, problem);
    }

    [TestCase(0, "C536379")]
    [TestCase(0, "A563185")]
    [TestCase(1, "gift_0001_40")]
    [TestCase(1, "BANK CHARGES")]
    [TestCase(2, "")]
    [TestCase(3, "0")]
    [TestCase(3, "-80995")]
    [TestCase(5, "0.0")]
    [TestCase(5, "-11062.06")]
    [TestCase(6, "")]
    public void Untidy_values_are_valid(int column, string value) => Parse(column, value).Problem.Should().BeNull();

    [TestCase(0, "")]
    [TestCase(0, "C")]
    [TestCase(0, "53 6365")]
    [TestCase(0, "X536365")]
    [TestCase(0, "\u0665\u0663")]
    [TestCase(0, "000000000000000000000000000000000")]
    [TestCase(1, "")]
    [TestCase(1, "85\u0000")]
    [TestCase(2, "\uFFFD")]
    [TestCase(3, "")]
    [TestCase(3, "1.5")]
    [TestCase(3, "six")]
    [TestCase(3, "99999999999")]
    [TestCase(4, "01/12/2010 08:26")]
    [TestCase(4, "2010-13-01 08:26:00")]
    [TestCase(5, "")]
    [TestCase(5, "1,000")]
    [TestCase(5, "NaN")]
    [TestCase(5, "1e5")]
    [TestCase(5, "0.0000001")]
    [TestCase(5, "1000000000")]
    [TestCase(6, "17850\n")]
    [TestCase(7, "")]
    public void A_value_that_says_nothing_sure_is_a_problem(int column, string value) => Parse(column, value).Problem.Should().NotBeNull();

    [TestCase("2010-12-01 08:26:00")]
    [TestCase("2010-12-01 08:26")]
    [TestCase("2010-12-01T08:26:00Z")]
    [TestCase("2010-12-01T09:26:00+01:00")]
    public void A_date_without_offset_is_utc(string text) =>
        Parse(4, text).Line!.SoldAt.Should().Be(new DateTimeOffset(2010, 12, 1, 8, 26, 0, TimeSpan.Zero));

    [Test]
    public void A_price_is_exact() => Parse(5, "0.001").Line!.UnitPrice.Should().Be(0.001m);
}
