namespace EventSourcing.KillTest.Views;

/// <summary>What a run of views says; one with violations fails.</summary>
public interface IViewsReport
{
    /// <summary>How often something was seen that must not be.</summary>
    int Violations { get; }
}

/// <summary>What a run saw.</summary>
/// <param name="Kills">Processes killed.</param>
/// <param name="WhileRebuilding">Of these, how many were rebuilding a set.</param>
/// <param name="AtSwap">Of these, how many were killed within milliseconds of the swap.</param>
/// <param name="Events">Events in the log.</param>
/// <param name="Checks">How often all views were compared with the log.</param>
/// <param name="Wrong">Documents that were not what an independent fold gives, events counted twice or not at all among them.</param>
/// <param name="Different">Verifications that found a difference.</param>
/// <param name="Stuck">Sets that did not come to the head.</param>
/// <param name="Left">Files that neither served nor were built, after four lease timeouts.</param>
/// <param name="LongestCleaning">The longest time until no such file was there.</param>
/// <param name="Violations">The sum of what must not be.</param>
public sealed record ViewsKillReport(int Kills, int WhileRebuilding, int AtSwap, long Events, int Checks, int Wrong, int Different, int Stuck, int Left, TimeSpan LongestCleaning, int Violations) : IViewsReport;

/// <summary>Two processes append and run the same view sets; they are killed at random moments.</summary>
public sealed class ViewsKillRun : IDisposable
{
    private const int Workers = 2, MaxDelay = 300, MaxDelayAtSwap = 8, VerifyEvery = 3;

    private readonly string _folder;
    private readonly Random _random;
    private readonly ViewsWorkerProcess?[] _workers = new ViewsWorkerProcess?[Workers];
    private int _kills, _whileRebuilding, _atSwap;

    private ViewsKillRun(string folder, int seed) => (_folder, _random) = (folder, new(seed));

    /// <summary>Kills processes.</summary>
    public static async Task<ViewsKillReport> RunAsync(string folder, int kills, int seed)
    {
        using var run = new ViewsKillRun(folder, seed);
        return await run.RunAsync(kills);
    }

    /// <summary>One of the processes.</summary>
    public static Task WorkAsync(string folder) => ViewsWorker.RunAsync(folder);

    public void Dispose()
    {
        foreach (var worker in _workers) worker?.Dispose();
    }

    private async Task<ViewsKillReport> RunAsync(int kills)
    {
        var check = new ViewsCheck();
        await using var place = ViewsPlace.Open(_folder);
        await place.FillAsync(_random, 5_000);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(StartAsync));
        for (var round = 1; _kills < kills; round++)
        {
            var victim = _random.Next(Workers);
            await TormentAsync(victim);
            var isBoth = _random.Next(4) == 0;
            await KillAsync(victim);
            if (isBoth) await KillAsync(1 - victim);
            await Task.WhenAll(Enumerable.Range(0, Workers).Where(i => _workers[i] is null).Select(StartAsync));
            await check.LookForFilesAsync(place);
            await check.CompareAsync(place, verifies: round % VerifyEvery == 0 || _kills >= kills);
        }

        foreach (var worker in _workers) await worker!.EndAsync();
        return new(_kills, _whileRebuilding, _atSwap, (await place.Store.GetHeadAsync()).ToInt64(), check.Checks, check.Wrong, check.Different, check.Stuck, check.Left, check.LongestCleaning, check.Violations);
    }

    private async Task StartAsync(int number) => _workers[number] = await ViewsWorkerProcess.StartAsync(_folder);

    /// <summary>Waits for the moment at which the process is killed.</summary>
    private async Task TormentAsync(int victim)
    {
        var worker = _workers[victim]!;
        var set = _random.Next(2) == 0 ? Items.Counts : Items.List;
        var kind = _random.Next(3);
        if (kind > 0)
        {
            var said = worker.Count;
            worker.Send($"rebuild {set}");
            await worker.WaitForAsync(said, $"rebuilding {set}");
            if (kind == 2) await worker.WaitForAsync(said, "progress end", "rebuilt", "unbuilt");
        }

        await Task.Delay(_random.Next(kind == 2 ? MaxDelayAtSwap : MaxDelay));
        if (kind == 1 && !worker.Lines[^1].StartsWith("rebuilt", StringComparison.Ordinal)) _whileRebuilding++;
        if (kind == 2) _atSwap++;
    }

    private async Task KillAsync(int number)
    {
        var worker = _workers[number]!;
        _workers[number] = null;
        await worker.KillAsync();
        worker.Dispose();
        _kills++;
    }
}
