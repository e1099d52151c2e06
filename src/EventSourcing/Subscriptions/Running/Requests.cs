using System.Runtime.ExceptionServices;
using EventSourcing.Leasing;
using EventSourcing.Subscriptions.Effects;

namespace EventSourcing.Subscriptions.Running;

/// <summary>Passes requests of any thread to the runner's loop, which does them between events.</summary>
internal sealed class Requests(PartitionId key, RunnerState state, Progress progress, WakeSignal wake)
{
    private readonly RequestQueue _queue = new();

    internal bool IsEmpty => _queue.Next is null;

    /// <summary>Has work done on the loop.</summary>
    /// <exception cref="InvalidOperationException">The runner is not active, or it needs the lease and does not hold it.</exception>
    internal Task RunAsync(Func<ValueTask> work, bool needsLease, CancellationToken cancellationToken) => RunInPartsAsync(async () =>
    {
        await work().ConfigureAwait(false);
        return true;
    }, needsLease, cancellationToken);

    /// <summary>As <see cref="RunAsync"/>, for work in parts: events are delivered between two parts.</summary>
    internal async Task RunInPartsAsync(Func<ValueTask<bool>> work, bool needsLease, CancellationToken cancellationToken)
    {
        var request = new Request(work, needsLease);
        var before = state.Current;
        if (state.IsStopping || before is SubscriptionState.Standby or SubscriptionState.Stopped || !_queue.TryAdd(request)) throw state.NotActive();
        // The lease was lost before the request was queued. The loop skips requests that are completed.
        if (needsLease && before != SubscriptionState.Faulted && state.Current == SubscriptionState.Standby) request.Done.TrySetException(state.NotActive());
        await wake.RequestAsync().ConfigureAwait(false);
        await request.Done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Does the requests, on the loop. Where the runner is faulted and a request needs the lease, resumes the runner and leaves the request for later.</summary>
    internal async ValueTask DoAllAsync()
    {
        while (_queue.Next is { } request)
        {
            if (request.NeedsLease && state.Scope is null && !request.Done.Task.IsCompleted)
            {
                state.Resume();
                return;
            }

            _queue.RemoveNext();
            if (request.Done.Task.IsCompleted) continue;
            try
            {
                if (!await request.Work().ConfigureAwait(false))
                {
                    _queue.TryAdd(request);
                    return;
                }

                request.Done.TrySetResult();
            }
            catch (Exception e)
            {
                await FailAsync(request, e).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Fails the requests that need the lease.</summary>
    internal void FailLeaseRequests(Exception error) => _queue.FailLeaseRequests(error);

    /// <summary>Fails all requests and refuses later ones.</summary>
    internal void Close() => _queue.Close(state.NotActive());

    private async ValueTask FailAsync(Request request, Exception error)
    {
        request.Done.TrySetException(error is EffectException { Error: var refusal } ? refusal : error);
        if (state.Scope is not { } scope) return;
        // A reset fails when any partition has lost its lease; the other partitions keep theirs.
        if (error is not EffectException && (scope.Token.IsCancellationRequested || (error is LeaseLostException lost && lost.Name == key.Key)))
            ExceptionDispatchInfo.Throw(error);
        // The request may have written the checkpoint or not: it is read again.
        await progress.LoadAsync(scope).ConfigureAwait(false);
    }
}
