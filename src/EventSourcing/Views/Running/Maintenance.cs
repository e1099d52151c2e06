using EventSourcing.Internal;

namespace EventSourcing.Views.Running;

/// <summary>The seldom work of the sets that run in this process: resumes those whose build was replaced, removes places that do not serve and are not being built, and versions that no program declares any more.</summary>
/// <param name="context">What the sets share.</param>
/// <param name="running">The sets that run.</param>
/// <param name="removeAsync">Removes a version of a set.</param>
internal sealed class Maintenance(ViewContext context, Func<IReadOnlyList<StoredSet>> running, Func<string, int, CancellationToken, ValueTask<bool>> removeAsync) : IAsyncDisposable
{
    private static readonly TimeSpan s_retireInterval = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _loop;
    private bool _isDisposed;

    internal void Start()
    {
        lock (_lock)
            if (!_isDisposed) _loop ??= Uncaptured.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task? loop;
        lock (_lock) (loop, _isDisposed) = (_loop, true);
        if (loop is not null) await loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        long? retired = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var sets = running();
                foreach (var set in sets) await TryAsync(set, () => MaintainAsync(set)).ConfigureAwait(false);
                if (sets.Count > 0 && (retired is null || context.Time.GetElapsedTime(retired.Value) >= s_retireInterval))
                {
                    await TryAsync(sets[0], RetireAsync).ConfigureAwait(false);
                    retired = context.Time.GetTimestamp();
                }

                await Task.Delay(context.Leases.Interval, context.Time, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                // Whatever the end has interrupted, also by a log that was closed before: the next start does it.
                return;
            }
        }
    }

    /// <summary>Does work for a set. The next turn tries again what fails, and the set's status shows it. Other sets are not affected.</summary>
    private async ValueTask TryAsync(StoredSet set, Func<ValueTask> work)
    {
        try
        {
            await work().ConfigureAwait(false);
            set.MaintenanceError = null;
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            set.MaintenanceError = e;
        }
    }

    private async ValueTask MaintainAsync(StoredSet set)
    {
        await set.RegisterAsync(_stop.Token).ConfigureAwait(false);
        await set.MaintainAsync(_stop.Token).ConfigureAwait(false);
        await CleanAsync(set).ConfigureAwait(false);
    }

    /// <summary>Removes the places of builds that were interrupted or replaced, once no live process builds the set.</summary>
    private async ValueTask CleanAsync(StoredSet set)
    {
        var found = await set.Directory.FindAsync(set.Set.Name, set.Set.Version, _stop.Token).ConfigureAwait(false);
        if (found is not { Record.Serving: > 0 and var serving } || set.Directory.BuildsOf(set.Set.Name, set.Set.Version).All(id => id.Build == serving)) return;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(context.Leases.Interval);
        try
        {
            await set.Builder.CleanAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // Another process builds the set, or has died while it did: its lease ends.
        }
    }

    private async ValueTask RetireAsync()
    {
        if (context.Options.RetireAfter is not { } after) return;
        var sets = running().Select(runner => runner.Set).ToList();
        var oldest = context.Time.GetUtcNow() - after;
        foreach (var (set, version, record, _) in await context.Directory.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            if (record.HeldAt >= oldest || !sets.Exists(s => s.Name == set) || sets.Exists(s => s.Name == set && s.Version == version)) continue;
            await removeAsync(set, version, _stop.Token).ConfigureAwait(false);
        }
    }
}
