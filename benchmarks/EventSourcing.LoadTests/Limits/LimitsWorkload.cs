using EventSourcing.LoadTests.Measuring;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Our log beside a hand-written floor and the C limit, each with the bar it is to reach.</summary>
internal static class LimitsWorkload
{
    public static async Task RunAsync(Settings settings)
    {
        using var limit = CLimit.Compile(settings.Directory);
        var rows = new (char Row, Func<Task> Run)[]
        {
            ('A', () => Appends.RunSinglesAsync(settings, limit)),
            ('B', () => Appends.RunBatchesAsync(settings, limit)),
            ('C', () => Concurrent.RunAsync(settings, limit)),
            ('D', () => Reads.RunAsync(settings, limit)),
            ('E', () => Layout.RunAsync(settings)),
            ('G', () => InMemory.RunAsync(settings)),
            ('H', () => Typed.RunAsync(settings)),
        };
        foreach (var (row, run) in rows)
            if (settings.Rows.Length == 0 || settings.Rows.Contains(row, StringComparison.Ordinal)) await run();
    }
}
