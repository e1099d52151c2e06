namespace EventSourcing.Benchmarks;

/// <summary>Gives log and floor the same events, those of all streams interleaved.</summary>
internal static class Filling
{
    public static async Task RoundRobinAsync(Bench bench, string[] names, int rounds)
    {
        var caller = new LogCaller(bench.Log, names.Length, 1);
        for (var version = 0; version < rounds; version++)
        {
            for (var i = 0; i < names.Length; i++) caller.Set(i, names[i], version);
            await caller.AppendAsync();
            var transaction = bench.Floor.Begin();
            foreach (var name in names) bench.Floor.Insert(name, version + 1);
            bench.Floor.Commit(transaction);
        }
    }
}
