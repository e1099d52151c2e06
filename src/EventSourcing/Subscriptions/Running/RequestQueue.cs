namespace EventSourcing.Subscriptions.Running;

/// <summary>The requests to a runner that are not done yet, in order. Thread-safe.</summary>
internal sealed class RequestQueue
{
    private readonly Lock _lock = new();
    private readonly Queue<Request> _queue = new();
    private bool _isClosed;

    /// <summary>False when the runner has ended.</summary>
    internal bool TryAdd(Request request)
    {
        lock (_lock)
        {
            if (!_isClosed) _queue.Enqueue(request);
            return !_isClosed;
        }
    }

    internal Request? Next
    {
        get
        {
            lock (_lock) return _queue.TryPeek(out var request) ? request : null;
        }
    }

    internal void RemoveNext()
    {
        lock (_lock) _queue.Dequeue();
    }

    /// <summary>Fails all requests and refuses later ones.</summary>
    internal void Close(Exception error) => Fail(error, static _ => true, isLast: true);

    /// <summary>Fails the requests that need the lease.</summary>
    internal void FailLeaseRequests(Exception error) => Fail(error, static request => request.NeedsLease, isLast: false);

    private void Fail(Exception error, Func<Request, bool> which, bool isLast)
    {
        Request[] failed;
        lock (_lock)
        {
            _isClosed |= isLast;
            failed = [.. _queue.Where(which)];
            Request[] rest = [.. _queue.Where(request => !which(request))];
            _queue.Clear();
            foreach (var request in rest) _queue.Enqueue(request);
        }

        foreach (var request in failed) request.Done.TrySetException(error);
    }
}
