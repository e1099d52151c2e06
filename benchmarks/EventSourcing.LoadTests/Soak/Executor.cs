namespace EventSourcing.LoadTests.Soak;

/// <summary>Decides on a stream on which others decide at the same time.</summary>
/// <remarks>A hot stream is left for a new one when it is long, so that a step costs the same at the end as at the beginning.</remarks>
internal sealed class Executor(int number, Executor.Heat heat, SoakedLog log) : Actor($"executor {number}", "executes", log)
{
    private const int Long = 500;

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var generation = heat.Generation;
        var decided = 0L;
        var executed = await Store.ExecuteAsync<Counted>(
            $"hot-{heat.Number}.{generation}", state => [new Decided(decided = Log.Ledger.Next(), state.Events)], cancellationToken: CancellationToken.None);
        Log.Ledger.Acknowledge(decided, executed.Position);
        Expect(executed.State.Events == executed.StreamVersion, $"has a state of {executed.State.Events} events at version {executed.StreamVersion}");
        if (executed.StreamVersion >= Long) heat.Leave(generation);
        Did();
    }

    /// <summary>A stream that several meet at.</summary>
    internal sealed class Heat(int number)
    {
        private int _generation;

        public int Number => number;

        public int Generation => Volatile.Read(ref _generation);

        public void Leave(int generation) => Interlocked.CompareExchange(ref _generation, generation + 1, generation);
    }
}
