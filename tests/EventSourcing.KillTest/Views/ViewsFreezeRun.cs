namespace EventSourcing.KillTest.Views;

/// <summary>What a run saw.</summary>
/// <param name="Freezes">Processes frozen in the middle of a batch, every second one while it rebuilt a set.</param>
/// <param name="Moved">Of these, how many had lost the set to the other process before they went on.</param>
/// <param name="Refused">Of these, how many said that they had lost the lease, after they went on.</param>
/// <param name="Events">Events in the log.</param>
/// <param name="Wrong">Documents that were not what an independent fold gives, events counted twice or not at all among them.</param>
/// <param name="Different">Verifications that found a difference.</param>
/// <param name="Stuck">Sets that did not come to the head.</param>
/// <param name="Left">Files that neither served nor were built.</param>
/// <param name="Violations">The sum of what must not be.</param>
public sealed record ViewsFreezeReport(int Freezes, int Moved, int Refused, long Events, int Wrong, int Different, int Stuck, int Left, int Violations) : IViewsReport;

/// <summary>A process with slow handlers is frozen in the middle of a batch; another process takes its sets over, and then the first one goes on.</summary>
public sealed class ViewsFreezeRun : IDisposable
{
    private const int BatchEvents = 30;

    private static readonly TimeSpan s_handler = TimeSpan.FromMilliseconds(10), s_patience = TimeSpan.FromSeconds(30);

    private readonly string _folder;
    private readonly Random _random;
    private readonly ViewsCheck _check = new();
    private ViewsWorkerProcess? _slow, _other;
    private int _moved, _refused, _unmoved;

    private ViewsFreezeRun(string folder, int seed) => (_folder, _random) = (folder, new(seed));

    /// <summary>Freezes processes, one after the other.</summary>
    public static async Task<ViewsFreezeReport> RunAsync(string folder, int freezes, int seed)
    {
        using var run = new ViewsFreezeRun(folder, seed);
        return await run.RunAsync(freezes);
    }

    public void Dispose()
    {
        _slow?.Dispose();
        _other?.Dispose();
    }

    private async Task<ViewsFreezeReport> RunAsync(int freezes)
    {
        await using var place = ViewsPlace.Open(_folder);
        await place.FillAsync(_random, 200);
        await place.Views.CatchUpAsync();
        for (var i = 0; i < freezes; i++) await RoundAsync(place, isRebuild: i % 2 == 1);
        return new(freezes, _moved, _refused, (await place.Store.GetHeadAsync()).ToInt64(), _check.Wrong, _check.Different, _check.Stuck, _check.Left, _check.Violations + _unmoved);
    }

    private async Task RoundAsync(ViewsPlace place, bool isRebuild)
    {
        _slow = await ViewsWorkerProcess.StartAsync(_folder, s_handler);
        await _slow.WaitForAsync(0, $"state view:{Items.Counts}");
        _slow.Send("rest");
        var said = _slow.Count;
        if (isRebuild) _slow.Send($"rebuild {Items.Counts}");
        // The handlers are slow: a batch is under way for as long as these events take.
        else await place.FillAsync(_random, BatchEvents);
        await _slow.WaitForAsync(said, "handling");
        await Task.Delay(_random.Next(BatchEvents) * s_handler);
        _slow.Freeze();
        var frozen = _slow.Count;
        _other = await ViewsWorkerProcess.StartAsync(_folder);
        _other.Send("rest");
        // The other process removes the place of an interrupted build once it has the lease of builds.
        if (isRebuild) await _check.LookForFilesAsync(place);
        if (await TookOverAsync(place)) _moved++;
        await place.FillAsync(_random, BatchEvents);
        _slow.Thaw();
        await ThawedAsync(frozen, isRebuild ? $"unbuilt {Items.Counts} {nameof(LeaseLostException)}" : $"state view:{Items.Counts}.v1 {SubscriptionState.Standby}");
        await _check.CompareAsync(place, verifies: true);
        await _slow.EndAsync();
        await _other.EndAsync();
        _slow.Dispose();
        _other.Dispose();
    }

    private async Task ThawedAsync(int frozen, string refusal)
    {
        try
        {
            await _slow!.WaitForAsync(frozen, refusal).WaitAsync(s_patience);
            _refused++;
        }
        catch (TimeoutException)
        {
            _unmoved++;
            ViewsCheck.Complain($"The process that was frozen said: {string.Join(" | ", _slow!.Lines.Skip(frozen).TakeLast(5))}");
        }
    }

    /// <summary>Waits until the other process has brought the set to the head.</summary>
    private async Task<bool> TookOverAsync(ViewsPlace place)
    {
        try
        {
            await place.Views.WaitForPositionAsync(Items.Counts, await place.Store.GetHeadAsync()).WaitAsync(s_patience);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or EventSourcingException)
        {
            _unmoved++;
            ViewsCheck.Complain($"The set was not taken over: {e.Message}");
            return false;
        }
    }
}
