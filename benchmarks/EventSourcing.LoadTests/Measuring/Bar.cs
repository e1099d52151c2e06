namespace EventSourcing.LoadTests.Measuring;

/// <summary>What a workload must reach: one variant's figure against a limit or against another variant's.</summary>
internal sealed record Bar
{
    private Bar(string what, string variant, string? reference, Func<Measurement, double?> figure, double limit, bool isFloor) =>
        (What, Variant, Reference, Figure, Limit, IsFloor) = (what, variant, reference, figure, limit, isFloor);

    public string What { get; }

    public string Variant { get; }

    public string? Reference { get; }

    public Func<Measurement, double?> Figure { get; }

    public double Limit { get; }

    /// <summary>True for "at least", false for "at most".</summary>
    public bool IsFloor { get; }

    public static Bar RateAtLeast(double ratio, string variant, string reference) => new("rate", variant, reference, m => m.Rate, ratio, true);

    public static Bar P99AtMost(double ratio, string variant, string reference) => new("p99", variant, reference, m => m.Latency?.P99, ratio, false);

    public static Bar WrittenAtMost(double ratio, string variant, string reference) => new("bytes written", variant, reference, m => m.Written, ratio, false);

    public static Bar AllocatedAtMost(double bytes, string variant) => new("allocated B/op", variant, null, m => m.Allocated, bytes, false);

    /// <summary>Writes the bar's row: ratio of medians, spread of the rounds' own ratios, verdict.</summary>
    public void Write(Table table, IReadOnlyDictionary<string, IReadOnlyList<Measurement>> results)
    {
        if (!results.TryGetValue(Variant, out var own)) return;
        var name = Reference is null ? $"{Variant}: {What}" : $"{Variant}: {What} against {Reference}";
        var limit = $"{(IsFloor ? "≥" : "≤")} {Table.Short(Limit)}";
        if (Reference is null)
        {
            Write(table, name, Figures(own), limit);
            return;
        }

        if (!results.TryGetValue(Reference, out var others)) return;
        if (others.Count == 0)
        {
            table.Row(name, "no C compiler", "-", limit, "not measured");
            return;
        }

        var ratio = Percentiles.Median(Figures(own)) / Percentiles.Median(Figures(others));
        Write(table, name, [.. Figures(own).Zip(Figures(others), (a, b) => a / b)], limit, ratio);
    }

    private double[] Figures(IReadOnlyList<Measurement> measurements) => [.. measurements.Select(m => Figure(m) ?? double.NaN)];

    private void Write(Table table, string name, double[] rounds, string limit, double? ratio = null)
    {
        var figure = ratio ?? Percentiles.Median(rounds);
        var isMet = IsFloor ? figure >= Limit : figure <= Limit;
        table.Row(name, Table.Short(figure), $"{Table.Short(rounds.Min())}..{Table.Short(rounds.Max())}", limit, isMet ? "met" : "**missed**");
    }
}
