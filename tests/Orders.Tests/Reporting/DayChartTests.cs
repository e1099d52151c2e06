using Orders.Reporting;
using Orders.Views;

namespace Orders.Tests.Reporting;

[TestFixture]
public sealed class DayChartTests
{
    private static readonly DateOnly s_first = new(2026, 1, 1);

    private static string[] Lines(params DaySales[] days) => DayChart.Of(days)!.ReplaceLineEndings("\n").Split('\n');

    [Test]
    public void No_day_gives_no_chart() => DayChart.Of([]).Should().BeNull();

    [Test]
    public void Days_without_value_give_no_chart() => DayChart.Of([new(s_first, 0m), new(s_first.AddDays(1), -5m)]).Should().BeNull();

    [Test]
    public void A_column_is_as_high_as_its_value_and_a_day_without_sales_is_empty()
    {
        var lines = Lines(new(s_first, 100m), new(s_first.AddDays(2), 50m), new(s_first.AddDays(3), -10m), new(s_first.AddDays(4), 4m));
        lines[0].Should().Be("             100 |#");
        lines[4].Should().Be("                 |#");
        lines[5].Should().Be("                 |# #");
        lines[9].Should().Be("               0 |# #");
        lines[10].Should().Be("                 +-----");
        lines[11].Should().Be("                  2026-01-01 to 2026-01-05, 1 a column");
    }

    [Test]
    public void A_long_time_is_drawn_in_columns_of_several_days()
    {
        var lines = Lines([.. Enumerable.Range(0, 100).Select(i => new DaySales(s_first.AddDays(i), i < 2 ? 10m : 1m))]);
        lines[0].Should().Be("              20 |#");
        lines[9].TrimEnd().Should().HaveLength(18 + 50);
        lines[11].Should().EndWith("2 a column");
    }
}
