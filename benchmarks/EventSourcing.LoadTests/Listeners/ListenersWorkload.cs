using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Limits;
using EventSourcing.LoadTests.Measuring;

namespace EventSourcing.LoadTests.Listeners;

/// <summary>Seven listeners on a log of history while a writer appends, alone and beside three bad ones, in turn: whether these hold up anybody or fill the memory.</summary>
internal static class ListenersWorkload
{
    private const double Slowdown = 1.15, HeapGrowthMiB = 8;
    private const int Streams = 10_000;

    public static async Task RunAsync(Settings settings)
    {
        using var file = new DatabaseFile(settings.Directory, "listeners");
        await Filled.OursAsync(file, settings.Events, Streams);
        StreamId key = Sample.ShortNames(Streams)[Streams / 2];
        var table = new Table(
            $"Seven listeners over {settings.Events:N0} events beside a writer, FULL", "round", "bad ones", "seven: median s", "seven: min..max s", "CPU s", "writer appends/s",
            "heap after MiB", "heap peak MiB", "parked", "parked right", "retried", "effects equal");
        var (alone, beside) = (new List<ListenersRound>(), new List<ListenersRound>());
        // Not counted: the first to go through the code pay for its compilation.
        await ListenersRound.RunAsync(file.Path, settings.Events, key, "warm-up", hasBad: true);
        for (var round = 1; round <= settings.Rounds; round++)
            foreach (var hasBad in new[] { false, true })
            {
                var result = await ListenersRound.RunAsync(file.Path, settings.Events, key, $"{round} {hasBad}", hasBad);
                (hasBad ? beside : alone).Add(result);
                table.Row(
                    Table.Number(round), hasBad ? "3" : "none", Table.Number(Percentiles.Median(result.Seconds), 2), $"{Table.Number(result.Seconds.Min(), 2)}..{Table.Number(result.Seconds.Max(), 2)}",
                    Table.Number(result.CpuSeconds, 2),
                    Table.Number(result.AppendsPerSecond), Table.Number(result.HeapAfterMiB, 1), Table.Number(result.HeapPeakMiB, 1),
                    result.Bad is { } bad ? Table.Number(bad.Parked) : "-", YesNo(result.Bad?.IsParkedRight), result.Bad is { } fixedOne ? Table.Number(fixedOne.Retried) : "-", YesNo(result.AreEffectsEqual));
            }

        WriteBars(alone, beside);
    }

    private static string YesNo(bool? value) => value switch
    {
        null => "-",
        true => "yes",
        false => "**no**",
    };

    private static void WriteBars(List<ListenersRound> alone, List<ListenersRound> beside)
    {
        var table = new Table("Listeners: bars", "bar", "figure", "of the rounds", "required", "");
        Ratio("the seven's time beside bad ones against alone", r => Percentiles.Median(r.Seconds));
        Ratio("the writer's time per append beside bad ones against alone", r => 1 / r.AppendsPerSecond);
        var growth = beside[^1].HeapAfterMiB - beside[0].HeapAfterMiB;
        table.Row(
            "heap after the last round above the first, beside bad ones, MiB", Table.Number(growth, 1), $"{Table.Number(beside.Min(r => r.HeapAfterMiB), 1)}..{Table.Number(beside.Max(r => r.HeapAfterMiB), 1)}",
            $"≤ {Table.Short(HeapGrowthMiB)}", Verdict(growth <= HeapGrowthMiB));
        var right = beside.Count(r => r.Bad is { IsParkedRight: true } && r.AreEffectsEqual);
        table.Row("rounds with exactly the key's events parked, in order, and equal effects after the retry", Table.Number(right), "-", Table.Number(beside.Count), Verdict(right == beside.Count));

        void Ratio(string what, Func<ListenersRound, double> figure)
        {
            var ratio = Percentiles.Median(beside.Select(figure)) / Percentiles.Median(alone.Select(figure));
            double[] rounds = [.. beside.Zip(alone, (b, a) => figure(b) / figure(a))];
            table.Row(what, Table.Short(ratio), $"{Table.Short(rounds.Min())}..{Table.Short(rounds.Max())}", $"≤ {Table.Short(Slowdown)}", Verdict(ratio <= Slowdown));
        }
    }

    private static string Verdict(bool isMet) => isMet ? "met" : "**missed**";
}
