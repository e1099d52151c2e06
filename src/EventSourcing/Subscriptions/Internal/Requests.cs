namespace EventSourcing.Subscriptions.Internal;

/// <summary>Something asked of a runner from outside, done on its loop.</summary>
/// <param name="Work">What to do.</param>
/// <param name="NeedsLease">True when it can be done only while the lease is held.</param>
internal sealed record Request(Func<ValueTask> Work, bool NeedsLease)
{
    internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What was asked of a runner and is not done yet, in order.</summary>
internal sealed class Requests
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

    /// <summary>Fails what was asked; nothing is taken from then on.</summary>
    internal void Close(Exception error)
    {
        Request[] rest;
        lock (_lock)
        {
            _isClosed = true;
            rest = [.. _queue];
            _queue.Clear();
        }

        foreach (var request in rest) request.Done.TrySetException(error);
    }
}
