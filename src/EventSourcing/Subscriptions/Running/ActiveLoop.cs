using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;

namespace EventSourcing.Subscriptions.Running;

/// <summary>The loop of a runner while it holds the lease: requests, a page, the wait for more events.</summary>
internal sealed class ActiveLoop(
    SubscriptionSetup setup, RunnerState state, Requests requests, PageProcessor pages, Progress progress, WakeSignal wake, SharedReader reader)
{
    /// <summary>Returns when the runner stops or another process asks for the lease.</summary>
    internal async Task RunAsync(LeaseScope scope)
    {
        var wasPaused = false;
        while (true)
        {
            wake.Renew();
            scope.ThrowIfLost();
            await requests.DoAllAsync().ConfigureAwait(false);
            if (state.IsStopping || scope.Lease.IsAskedBack)
            {
                await progress.TrySaveIfNeededAsync(scope).ConfigureAwait(false);
                return;
            }

            if (state.IsPaused)
            {
                wasPaused = true;
                await WaitWhilePausedAsync(scope).ConfigureAwait(false);
                continue;
            }

            // A place that could not be read may have been replaced by another one.
            if (wasPaused && setup.Options.Place is not null) await progress.LoadAsync(scope).ConfigureAwait(false);
            wasPaused = false;

            if (!await ReadPageAsync(scope).ConfigureAwait(false))
            {
                // Pages and handlers may all complete synchronously: other work of the thread pool runs between two pages.
                if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield();
                continue;
            }

            if (!await progress.TryWritePendingAsync(scope).ConfigureAwait(false)) continue;
            state.Enter(SubscriptionState.Live);
            state.FailedTries = 0;
            pages.SetIdle();
            if (requests.IsEmpty) await WaitForMoreAsync(scope).ConfigureAwait(false);
        }
    }

    private async ValueTask WaitWhilePausedAsync(LeaseScope scope)
    {
        await progress.TrySaveIfNeededAsync(scope).ConfigureAwait(false);
        state.Enter(SubscriptionState.Paused);
        if (state.Cause is null) pages.SetIdle();
        reader.Rest();
        if (requests.IsEmpty) await wake.DelayAsync(Timeout.InfiniteTimeSpan).ConfigureAwait(false);
    }

    /// <summary>Reads a page and has it handled.</summary>
    /// <returns>True when it reached the head.</returns>
    private async ValueTask<bool> ReadPageAsync(LeaseScope scope)
    {
        // No handler runs meanwhile: the page is handled after the checkpoint is written.
        var saving = progress.IsSaveDue ? progress.TrySaveAsync(scope) : new(true);
        using var page = await ReadNextAsync(saving, scope).ConfigureAwait(false);
        if (page is null) return false;
        if (!page.IsLast) state.Enter(SubscriptionState.CatchingUp);
        progress.BeginPage(page.IsLast || page.Events.IsEmpty ? long.MaxValue : page.Events[^1].Position.ToInt64());
        if (!page.Events.IsEmpty && !await ProcessAsync(page, scope).ConfigureAwait(false)) return false;
        return await progress.PassAsync(page.IsLast ? page.Head.ToInt64() : page.Next - 1, scope).ConfigureAwait(false) && page.IsLast;
    }

    private async ValueTask<bool> ProcessAsync(LogPage page, LeaseScope scope)
    {
        if (setup.Slots is { } slots && !await TryTakeSlotAsync(slots, scope).ConfigureAwait(false)) return false;
        try
        {
            if (await pages.ProcessAsync(page, scope).ConfigureAwait(false)) return true;
            if (pages.GivenUp is { } failure) state.Pause(failure);
            return false;
        }
        finally
        {
            setup.Slots?.Release();
        }
    }

    /// <summary>Waits until a handler may run; false when the parked events that are written before the wait were refused.</summary>
    private async ValueTask<bool> TryTakeSlotAsync(SemaphoreSlim slots, LeaseScope scope)
    {
        if (await slots.WaitAsync(TimeSpan.Zero, CancellationToken.None).ConfigureAwait(false)) return true;
        // Other partitions may keep the slots for long.
        if (!await progress.TryWriteParkedAsync(scope).ConfigureAwait(false)) return false;
        await slots.WaitAsync(scope.Token).ConfigureAwait(false);
        return true;
    }

    /// <summary>Reads the next page; null when the checkpoint that is written meanwhile was refused.</summary>
    private async ValueTask<LogPage?> ReadNextAsync(ValueTask<bool> saving, LeaseScope scope)
    {
        LogPage page;
        try
        {
            page = await reader.ReadAsync(progress.Position + 1, scope.Token).ConfigureAwait(false);
        }
        catch
        {
            await saving.ConfigureAwait(false);
            throw;
        }

        try
        {
            if (await saving.ConfigureAwait(false)) return page;
        }
        catch
        {
            page.Dispose();
            throw;
        }

        page.Dispose();
        return null;
    }

    /// <summary>Waits for events. A checkpoint that becomes due meanwhile is written, without a read.</summary>
    private async ValueTask WaitForMoreAsync(LeaseScope scope)
    {
        while (true)
        {
            var (woken, isDue) = (wake.Token, false);
            using var due = progress.HasUnsaved ? new CancellationTokenSource(progress.DueIn, setup.Time) : null;
            using var both = due is null ? null : CancellationTokenSource.CreateLinkedTokenSource(woken, due.Token);
            try
            {
                await progress.WaitForEventsAsync(both?.Token ?? woken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (wake.IsRequested || due is { IsCancellationRequested: true })
            {
                isDue = !wake.IsRequested;
            }
            catch (PositionOutOfRangeException)
            {
                // The log has become shorter: the read that follows throws the precise error.
            }

            // The reader skipped events of other partitions.
            if (reader.Passed > progress.Position && !await progress.PassAsync(reader.Passed, scope).ConfigureAwait(false)) return;
            if (!isDue || !await progress.TrySaveAsync(scope).ConfigureAwait(false)) return;
        }
    }
}
