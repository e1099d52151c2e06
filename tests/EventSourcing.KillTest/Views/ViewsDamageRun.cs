namespace EventSourcing.KillTest.Views;

/// <summary>What a run saw.</summary>
/// <param name="Damages">How often a view's file was damaged or the log restored.</param>
/// <param name="Restores">Of these, how often the log was restored.</param>
/// <param name="Running">Of these damages, how many there were while another process ran the sets.</param>
/// <param name="Right">Reads after a damage that gave the right documents.</param>
/// <param name="Refused">Reads that gave an error with the reason.</param>
/// <param name="Wrong">Reads that gave documents which are not what the log gives.</param>
/// <param name="Other">Reads that gave an error of another kind, and rebuilds that failed.</param>
/// <param name="Again">Rebuilds that lost their lease and were asked for again.</param>
/// <param name="Checks">How often all views were compared with the log after the rebuild.</param>
/// <param name="Unmended">Documents, verifications and sets that were not right after the rebuild.</param>
/// <param name="Left">Files that neither served nor were built.</param>
/// <param name="Violations">The sum of what must not be.</param>
public sealed record ViewsDamageReport(int Damages, int Restores, int Running, int Right, int Refused, int Wrong, int Other, int Again, int Checks, int Unmended, int Left, int Violations) : IViewsReport;

/// <summary>Files of views are truncated, removed or replaced and logs restored, and then the views are read and rebuilt.</summary>
public sealed class ViewsDamageRun : IDisposable
{
    private const int Reads = 3, Rebuilds = 5;

    private readonly string _folder;
    private readonly Random _random;
    private readonly ViewsCheck _check = new();
    private readonly Dictionary<string, string> _others = [];
    private ViewsWorkerProcess? _worker;
    private int _restores, _running, _right, _refused, _wrong, _other, _again;

    private ViewsDamageRun(string folder, int seed) => (_folder, _random) = (folder, new(seed));

    /// <summary>Damages views, one time after the other.</summary>
    public static async Task<ViewsDamageReport> RunAsync(string folder, int damages, int seed)
    {
        using var run = new ViewsDamageRun(folder, seed);
        return await run.RunAsync(damages);
    }

    public void Dispose() => _worker?.Dispose();

    private string Log => ViewsPlace.LogOf(_folder);

    private string Backup => Path.Combine(_folder, "backup.db");

    private async Task<ViewsDamageReport> RunAsync(int damages)
    {
        foreach (var set in new[] { Items.Counts, Items.List }) _others[set] = await ViewsDamage.MakeOtherAsync(Path.Combine(_folder, "other"), set, _random);
        await using (var place = ViewsPlace.Open(_folder))
        {
            await place.FillAsync(_random, 2_000);
            await place.Views.CatchUpAsync();
        }

        var kinds = Enum.GetValues<ViewsDamageKind>();
        for (var i = 0; i < damages; i++) await RoundAsync(kinds[i % kinds.Length], isRunning: i / kinds.Length % 2 == 0);
        if (_worker is not null) await _worker.EndAsync();
        var unmended = _check.Violations - _check.Left;
        return new(damages, _restores, _running, _right, _refused, _wrong, _other, _again, _check.Checks, unmended, _check.Left, _wrong + _other + _check.Violations);
    }

    private async Task RoundAsync(ViewsDamageKind kind, bool isRunning)
    {
        // The two ways to restore, each with the processes that it is made for.
        if (kind == ViewsDamageKind.Restored) isRunning = false;
        if (isRunning) _running++;
        if (kind is ViewsDamageKind.Restored or ViewsDamageKind.RestoredInPlace) await AdvanceAsync();
        if (isRunning) await StartAsync();
        else await EndAsync();
        await using (var warm = kind == ViewsDamageKind.Restored ? null : ViewsPlace.Open(_folder, WhileBuilding.Fail))
        {
            if (warm is not null) await ReadAsync(warm, $"{kind} before");
            await DamageAsync(kind);
            await using var cold = ViewsPlace.Open(_folder, WhileBuilding.Fail);
            for (var i = 0; i < Reads; i++)
            {
                if (warm is not null) await ReadAsync(warm, $"{kind} warm");
                await ReadAsync(cold, $"{kind} cold");
                if (i == 0 && _random.Next(2) == 0) await cold.FillAsync(_random, 400);
            }

            await MendAsync(cold);
            if (warm is not null) await ReadAsync(warm, $"{kind} warm mended");
            await StartAsync();
            await _check.CompareAsync(cold, verifies: true);
            if (warm is not null) await _check.CompareAsync(warm, verifies: false);
            await _check.LookForFilesAsync(cold);
        }
    }

    /// <summary>Makes a backup, and brings log and views beyond it.</summary>
    private async Task AdvanceAsync()
    {
        await StartAsync();
        File.Delete(Backup);
        await using var place = ViewsPlace.Open(_folder);
        await place.BackupAsync(Backup);
        await place.FillAsync(_random, 300);
        foreach (var set in place.Views.Sets) await place.Views.WaitForPositionAsync(set.Name, await place.Store.GetHeadAsync()).WaitAsync(TimeSpan.FromMinutes(1));
    }

    private async Task DamageAsync(ViewsDamageKind kind)
    {
        switch (kind)
        {
            case ViewsDamageKind.Restored:
                _restores++;
                ViewsDamage.Restore(Backup, Log);
                break;
            case ViewsDamageKind.RestoredInPlace:
                _restores++;
                ViewsDamage.RestoreInPlace(Backup, Log);
                break;
            default:
                var set = _random.Next(2) == 0 ? Items.Counts : Items.List;
                await using (var place = ViewsPlace.Open(_folder))
                    ViewsDamage.Apply(kind, (await place.Views.GetStatusAsync()).Single(status => status.Set == set).Path!, _others[set], _random);
                break;
        }
    }

    /// <summary>Reads every set: right documents, or an error that says why not.</summary>
    private async Task ReadAsync(ViewsPlace place, string when)
    {
        foreach (var set in place.Views.Sets)
        {
            try
            {
                using var snapshot = await place.Views.OpenSnapshotAsync(set.Name);
                var model = await ItemModel.ReadAsync(place.Store, snapshot.Position);
                var wrong = snapshot.Position > await place.Store.GetHeadAsync() ? -1 : await model.CountWrongAsync(snapshot, set.Name);
                if (wrong == 0) _right++;
                else _wrong++;
                if (wrong != 0) ViewsCheck.Complain(wrong < 0 ? $"{when}: set {set} is read beyond the head, at {snapshot.Position}" : $"{when}: set {set} has {wrong} wrong documents at {snapshot.Position}");
            }
            catch (Exception e) when (e is StoreCorruptException or LogDivergedException or PositionOutOfRangeException or ViewBuildingException)
            {
                _refused++;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                _other++;
                ViewsCheck.Complain($"{when}: set {set}: {e}");
            }
        }
    }

    /// <summary>Rebuilds every set: in this process, or in the one that runs them. A rebuild that loses its lease, as on a machine that is busy for longer than the lease timeout, is asked for again.</summary>
    private async Task MendAsync(ViewsPlace place)
    {
        foreach (var set in place.Views.Sets)
        {
            var isHere = _worker is null || _random.Next(2) == 0;
            var failure = "";
            for (var i = 0; i < Rebuilds; i++)
            {
                failure = isHere ? await RebuildAsync(place, set.Name) : await AskAsync(set.Name);
                if (!failure.Contains(nameof(LeaseLostException), StringComparison.Ordinal)) break;
                _again++;
            }

            if (failure.Length == 0) continue;
            _other++;
            ViewsCheck.Complain($"set {set} is not rebuilt: {failure}");
        }
    }

    /// <returns>Why it failed; empty when it did not.</returns>
    private static async Task<string> RebuildAsync(ViewsPlace place, string set)
    {
        try
        {
            await place.Views.RebuildAsync(set);
            return "";
        }
        catch (EventSourcingException e)
        {
            return e.ToString();
        }
    }

    private async Task<string> AskAsync(string set)
    {
        var said = _worker!.Count;
        _worker.Send($"rebuild {set}");
        var answer = await _worker.WaitForAsync(said, $"rebuilt {set}", $"unbuilt {set}");
        return answer.StartsWith("rebuilt", StringComparison.Ordinal) ? "" : answer;
    }

    private async Task StartAsync() => _worker ??= await ViewsWorkerProcess.StartAsync(_folder);

    private async Task EndAsync()
    {
        if (_worker is not { } worker) return;
        _worker = null;
        await worker.EndAsync();
        worker.Dispose();
    }
}
