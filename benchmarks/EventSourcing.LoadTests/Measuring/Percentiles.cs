using System.Diagnostics;

namespace EventSourcing.LoadTests.Measuring;

/// <summary>How a number of durations are spread, in microseconds.</summary>
internal sealed record Percentiles(double P50, double P99, double Max)
{
    /// <param name="ticks">Durations in ticks of <see cref="Stopwatch"/>; sorted by this call.</param>
    public static Percentiles Of(long[] ticks)
    {
        if (ticks.Length == 0) return new(0, 0, 0);
        Array.Sort(ticks);
        return new(Microseconds(ticks[ticks.Length / 2]), Microseconds(ticks[(int)(ticks.Length * 0.99)]), Microseconds(ticks[^1]));
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static double Microseconds(long ticks) => ticks * 1e6 / Stopwatch.Frequency;
}
