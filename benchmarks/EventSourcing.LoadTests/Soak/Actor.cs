using System.Diagnostics;

namespace EventSourcing.LoadTests.Soak;

/// <summary>One of those who use the log at the same time: takes one step after another until the soak ends.</summary>
internal abstract class Actor(string name, string column, SoakedLog log)
{
    private long _done, _taken, _progress = Stopwatch.GetTimestamp();

    public string Name => name;

    /// <summary>What it counts: a column of the table.</summary>
    public string Column => column;

    /// <summary>How long it may go without counting anything. Longer than any wait in the library: a lease is taken over after 6 s, a lock is waited for at most 15 s.</summary>
    public virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>How long ago it counted something.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _progress));

    protected SoakedLog Log => log;

    protected EventStore Store => log.Store;

    /// <summary>What was counted since the last call.</summary>
    public long Take()
    {
        var done = Volatile.Read(ref _done);
        var taken = done - _taken;
        _taken = done;
        return taken;
    }

    public virtual Task RunAsync(CancellationToken stop) => Task.Run(() => LoopAsync(stop), CancellationToken.None);

    public override string ToString() => name;

    protected abstract ValueTask StepAsync(CancellationToken stop);

    protected void Did(long count = 1)
    {
        Interlocked.Add(ref _done, count);
        Volatile.Write(ref _progress, Stopwatch.GetTimestamp());
    }

    protected void Fault(string what) => log.Faults.Report(name, what);

    protected bool Expect(bool isTrue, string what) => log.Faults.Expect(isTrue, name, what);

    protected async Task LoopAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await StepAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Fault(e.ToString());
            }
        }
    }

    /// <summary>A time between the two, in milliseconds, or less when the soak ends.</summary>
    protected static Task RestAsync(int least, int most, CancellationToken stop) => Task.Delay(Random.Shared.Next(least, most), stop);

    protected static bool OneIn(int number) => Random.Shared.Next(number) == 0;
}
