namespace EventSourcing.LoadTests.Soak;

/// <summary>Appends from a thread of its own and blocks it until the answer is there.</summary>
internal sealed class ThreadCaller(int number, SoakedLog log) : Actor($"blocking thread {number}", "blocking appends", log)
{
    // No step awaits, so all of them run on this thread.
    public override Task RunAsync(CancellationToken stop) =>
        Task.Factory.StartNew(() => LoopAsync(stop).GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    protected override ValueTask StepAsync(CancellationToken stop)
    {
        Log.AppendBlocking(Store, Name);
        Did();
        return default;
    }
}
