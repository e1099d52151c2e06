namespace EventSourcing.LoadTests.Measuring;

/// <summary>Variants of one workload, run in turn round by round, so that what disturbs the machine disturbs them all.</summary>
internal sealed class Race(string title, int rounds, string unit = "op")
{
    private readonly List<(string Name, Func<Task<Measurement>> Run)> _variants = [];
    private readonly List<Bar> _bars = [];
    private readonly List<(string Name, string Over)> _costs = [];

    public Race Add(string name, Func<Task<Measurement>> run)
    {
        _variants.Add((name, run));
        return this;
    }

    public Race Add(string name, Func<Measurement> run) => Add(name, () => Task.FromResult(run()));

    /// <summary>Adds the C limit, or a row that says there is none.</summary>
    public Race AddLimit(CLimit limit, string name, Func<Measurement> run) =>
        Add(name, () => limit.IsAvailable ? Task.FromResult(run()) : Task.FromResult<Measurement>(null!));

    public Race Expect(params ReadOnlySpan<Bar> bars)
    {
        _bars.AddRange(bars);
        return this;
    }

    /// <summary>Adds what a variant takes more than another does.</summary>
    public Race Cost(string name, string over)
    {
        _costs.Add((name, over));
        return this;
    }

    /// <summary>Runs the rounds and writes the tables of variants, of bars and of costs.</summary>
    public async Task RunAsync()
    {
        var results = _variants.ToDictionary(v => v.Name, _ => new List<Measurement>());
        for (var round = 0; round < rounds; round++)
            foreach (var (name, run) in _variants)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                if (await run() is { } measurement) results[name].Add(measurement);
            }

        WriteVariants(results);
        if (_bars.Count > 0) WriteBars(results);
        if (_costs.Count > 0) WriteCosts(results);
    }

    private void WriteVariants(Dictionary<string, List<Measurement>> results)
    {
        var first = Median(results[_variants[0].Name], m => m.Rate);
        var isTimed = results.Values.Any(list => list.Exists(m => m.Latency is not null));
        var table = isTimed
            ? new Table(title, "variant", $"{unit}/s", "ratio", "min..max", $"allocated B/{unit}", $"written B/{unit}", $"processor µs/{unit}", "p50 µs", "p99 µs", "max µs")
            : new Table(title, "variant", $"{unit}/s", "ratio", "min..max", $"allocated B/{unit}", $"written B/{unit}", $"processor µs/{unit}", $"µs/{unit}");
        foreach (var (name, _) in _variants)
        {
            var list = results[name];
            if (list.Count == 0)
            {
                table.Row([name, "no C compiler", .. Enumerable.Repeat("-", isTimed ? 8 : 6)]);
                continue;
            }

            var rate = Median(list, m => m.Rate);
            string[] cells = [name, Table.Number(rate), Table.Number(rate / first, 2), $"{Table.Number(list.Min(m => m.Rate))}..{Table.Number(list.Max(m => m.Rate))}", Table.Number(Median(list, m => m.Allocated)), Table.Number(Median(list, m => m.Written)), Table.Short(Median(list, m => m.Processor))];
            table.Row(isTimed
                ? [.. cells, Table.Short(Median(list, m => m.Latency?.P50)), Table.Short(Median(list, m => m.Latency?.P99)), Table.Short(Median(list, m => m.Latency?.Max))]
                : [.. cells, Table.Short(1e6 / rate)]);
        }
    }

    private void WriteBars(Dictionary<string, List<Measurement>> results)
    {
        var table = new Table($"{title}: bars", "bar", "figure", "of the rounds", "required", "");
        var lists = results.ToDictionary(r => r.Key, IReadOnlyList<Measurement> (r) => r.Value);
        foreach (var bar in _bars) bar.Write(table, lists);
    }

    // Of each round by itself, because what disturbs a round disturbs both.
    private void WriteCosts(Dictionary<string, List<Measurement>> results)
    {
        var table = new Table($"{title}: costs", "what", "over", $"µs/{unit}", "min..max", $"written B/{unit}");
        foreach (var (name, over) in _costs)
        {
            var pairs = results[name].Zip(results[over]).ToList();
            var times = pairs.Select(p => (1e6 / p.First.Rate) - (1e6 / p.Second.Rate)).ToList();
            table.Row(name, over, Table.Number(Percentiles.Median(times), 2), $"{Table.Number(times.Min(), 2)}..{Table.Number(times.Max(), 2)}",
                Table.Number(Percentiles.Median(pairs.Select(p => p.First.Written!.Value - p.Second.Written!.Value))));
        }
    }

    private static double? Median(List<Measurement> list, Func<Measurement, double?> figure) =>
        list.Exists(m => figure(m) is null) ? null : Percentiles.Median(list.Select(m => figure(m)!.Value));

    private static double Median(List<Measurement> list, Func<Measurement, double> figure) => Percentiles.Median(list.Select(figure));
}
