using EventSourcing.Following;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Handling;
using EventSourcing.Subscriptions.Monitoring;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Walks through the events of a page, one at a time or in batches. Used by the runner's loop only.</summary>
internal sealed class PageProcessor(
    SubscriptionSetup setup, EventSelector selector, EventProcessor events, Progress progress, RunnerStatistics statistics, WakeSignal wake, SharedReader reader)
{
    private RecordedEvent[] _batch = [];

    /// <inheritdoc cref="EventProcessor.GivenUp"/>
    internal Exception? GivenUp => events.GivenUp;

    /// <summary>Records that no event is left to handle.</summary>
    internal void SetIdle() => statistics.Begun = 0;

    /// <summary>Has the events of a page handled.</summary>
    /// <returns>False when it stopped before the end of the page, for a wake-up or a failure.</returns>
    internal ValueTask<bool> ProcessAsync(LogPage page, LeaseScope scope)
    {
        events.Begin();
        return setup.Handler.IsBatch ? ProcessBatchesAsync(page, scope) : ProcessEachAsync(page, scope);
    }

    private async ValueTask<bool> ProcessEachAsync(LogPage page, LeaseScope scope)
    {
        var handled = 0;
        try
        {
            for (var i = 0; i < page.Events.Length; i++)
            {
                if (wake.IsRequested) return false;
                var selection = selector.Select(page.Events[i], out var eventKey);
                if (selection == Selection.Skip) continue;
                if (!await events.ProcessAsync(page.Events[i], selection, eventKey, scope).ConfigureAwait(false)) return false;
                if (reader.IsTurnOver(++handled)) await Task.Yield();
            }

            return true;
        }
        finally
        {
            statistics.Rate.Add(handled);
        }
    }

    private async ValueTask<bool> ProcessBatchesAsync(LogPage page, LeaseScope scope)
    {
        if (_batch.Length < page.Events.Length) _batch = new RecordedEvent[page.Events.Length];
        for (var next = 0; next < page.Events.Length;)
        {
            if (wake.IsRequested) return false;
            var count = Collect(page.Events, ref next, out var selection, out var eventKey);
            try
            {
                if (count > 0 && !await events.ProcessBatchAsync(_batch.AsMemory(0, count), scope).ConfigureAwait(false)) return false;
            }
            finally
            {
                Array.Clear(_batch, 0, count);
            }

            if (selection != Selection.Skip && !await events.ProcessAsync(page.Events[next++], selection, eventKey, scope).ConfigureAwait(false)) return false;
        }

        return true;
    }

    /// <summary>Copies the next batch, of replays only or of other events only. Stops before an event that is not handled in a batch, and returns what is done with it.</summary>
    private int Collect(ReadOnlySpan<RecordedEvent> page, ref int next, out Selection selection, out string? eventKey)
    {
        (selection, eventKey) = (Selection.Skip, null);
        var count = 0;
        for (; next < page.Length && count < setup.Options.CheckpointEvery; next++)
        {
            ref readonly var e = ref page[next];
            selection = selector.Select(e, out eventKey);
            if (selection == Selection.Skip) continue;
            if (selection != Selection.Handle || e.Position.ToInt64() <= progress.IsolatedThrough) return count;
            if (count > 0 && progress.IsReplay(e.Position.ToInt64()) != progress.IsReplay(_batch[0].Position.ToInt64())) break;
            _batch[count++] = e;
        }

        selection = Selection.Skip;
        return count;
    }
}
