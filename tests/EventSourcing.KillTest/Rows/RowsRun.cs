using EventSourcing.KillTest.Views;
using Microsoft.EntityFrameworkCore;

namespace EventSourcing.KillTest.Rows;

/// <summary>What a run saw.</summary>
/// <param name="Kills">Processes killed.</param>
/// <param name="Freezes">Processes frozen, every second one within a transaction.</param>
/// <param name="Moved">Of those frozen before a transaction, how many had lost the projection to the other process, which had committed, before they continued.</param>
/// <param name="InTransaction">Of those frozen within a transaction, how many had lost the lease before they continued.</param>
/// <param name="Locked">How many were frozen while they held the lock of the log, so that no other process could take over.</param>
/// <param name="Events">Events in the log.</param>
/// <param name="Checks">How often the rows were compared with the log through the checkpoint that is committed with them.</param>
/// <param name="Wrong">Rows that were not what a fold gives.</param>
/// <param name="Stuck">How often the rows did not come to the head.</param>
/// <param name="Twice">Contexts that were used in a second transaction.</param>
/// <param name="Violations">The sum of what must not be.</param>
public sealed record RowsReport(int Kills, int Freezes, int Moved, int InTransaction, int Locked, long Events, int Checks, int Wrong, int Stuck, int Twice, int Violations) : IViewsReport;

/// <summary>Two processes run the same projection into a database by Entity Framework Core; they are killed, or frozen until the other process has taken over.</summary>
public sealed class RowsRun : IDisposable
{
    private const int MaxDelay = 400, BatchEvents = 60;
    private static readonly TimeSpan s_slow = TimeSpan.FromSeconds(1), s_patience = TimeSpan.FromMinutes(1), s_takeover = TimeSpan.FromSeconds(15);

    private readonly string _folder;
    private readonly Random _random;
    private readonly EventStore _store;
    private readonly RowsCheck _check;
    private readonly List<ViewsWorkerProcess> _all = [];
    private int _moved, _inTransaction, _locked;

    private RowsRun(string folder, int seed)
    {
        (_folder, _random, _store) = (folder, new(seed), ViewsPlace.OpenStore(folder));
        _check = new(folder, _store);
    }

    /// <summary>Kills and freezes processes.</summary>
    public static async Task<RowsReport> RunAsync(string folder, int kills, int freezes, int seed)
    {
        using var run = new RowsRun(folder, seed);
        await using (var context = new StockContexts(folder).CreateDbContext()) await context.Database.EnsureCreatedAsync();
        await run.KillAsync(kills);
        for (var i = 0; i < freezes; i++) await run.FreezeAsync(isInTransaction: i % 2 == 1);
        var twice = run._all.Sum(worker => worker.Lines.Count(line => line == "twice"));
        var check = run._check;
        return new(kills, freezes, run._moved, run._inTransaction, run._locked, (await run._store.GetHeadAsync()).ToInt64(), check.Checks, check.Wrong, check.Stuck, twice, check.Wrong + check.Stuck + twice);
    }

    /// <summary>One of the processes.</summary>
    public static Task WorkAsync(string folder, int pause) => RowsWorker.RunAsync(folder, TimeSpan.FromMilliseconds(pause));

    public void Dispose()
    {
        foreach (var worker in _all) worker.Dispose();
        _store.Dispose();
    }

    private async Task KillAsync(int kills)
    {
        var workers = new[] { await StartAsync(), await StartAsync() };
        for (var i = 0; i < kills; i++)
        {
            await Task.Delay(_random.Next(MaxDelay));
            var victim = _random.Next(workers.Length);
            await workers[victim].KillAsync();
            await _check.CompareAsync();
            workers[victim] = await StartAsync();
        }

        foreach (var worker in workers) await worker.EndAsync();
        await CatchUpAsync();
    }

    private async Task CatchUpAsync()
    {
        var worker = await StartAsync(TimeSpan.FromMilliseconds(1));
        if (await _check.ReachesAsync((await _store.GetHeadAsync()).ToInt64())) await _check.CompareAsync();
        await worker.EndAsync();
    }

    private async Task FreezeAsync(bool isInTransaction)
    {
        var slow = await StartAsync(s_slow);
        await slow.WaitForAsync(0, $"state {RowsWorker.Name} {SubscriptionState.Live}");
        var before = slow.Count;
        await FillAsync();
        await slow.WaitForAsync(before, isInTransaction ? "handling" : "making");
        // A frozen process is in its transaction with the events of a batch, or before it while it makes the context.
        if (isInTransaction) await Task.Delay(_random.Next(300));
        slow.Freeze();
        var frozen = slow.Count;
        var other = await StartAsync(TimeSpan.FromMilliseconds(1));
        var isTaken = await TakesOverAsync(other);
        if (!isTaken) _locked++;
        else if (!isInTransaction && await _check.ReachesAsync((await _store.GetHeadAsync()).ToInt64())) _moved++;
        else _inTransaction++;
        slow.Thaw();
        if (isTaken) await slow.WaitForAsync(frozen, $"state {RowsWorker.Name} {SubscriptionState.Standby}").WaitAsync(s_patience);
        await FillAsync();
        if (await _check.ReachesAsync((await _store.GetHeadAsync()).ToInt64())) await _check.CompareAsync();
        await slow.EndAsync();
        await other.EndAsync();
    }

    /// <summary>False when the frozen process holds the lock of the log, which it takes for each renewal of its lease: then no other process can get the lease.</summary>
    private static async Task<bool> TakesOverAsync(ViewsWorkerProcess other)
    {
        try
        {
            await other.WaitForAsync(0, $"state {RowsWorker.Name} {SubscriptionState.CatchingUp}").WaitAsync(s_takeover);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task FillAsync()
    {
        for (var i = 0; i < BatchEvents; i++) await _store.AppendAsync(RowsWorker.Stream(_random.Next(RowsWorker.Streams)), ExpectedVersion.Any, [RowsWorker.Event(_random)]);
    }

    private async Task<ViewsWorkerProcess> StartAsync(TimeSpan pause = default)
    {
        var worker = new ViewsWorkerProcess(["rows-worker", _folder, ((int)pause.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        _all.Add(worker);
        await worker.WaitForAsync(0, "active");
        return worker;
    }
}
