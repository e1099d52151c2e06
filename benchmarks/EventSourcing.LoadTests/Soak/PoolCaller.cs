namespace EventSourcing.LoadTests.Soak;

/// <summary>Appends from a thread of the pool, another one each time, and blocks it until the answer is there.</summary>
internal sealed class PoolCaller(int number, SoakedLog log) : Actor($"blocking pool thread {number}", "blocking appends", log)
{
    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await Task.Run(() => Log.AppendBlocking(Store, Name), CancellationToken.None);
        Did();
    }
}
