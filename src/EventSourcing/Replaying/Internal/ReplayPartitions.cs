using System.Runtime.ExceptionServices;
using System.Threading.Channels;

namespace EventSourcing.Replaying;

/// <summary>Handles events in partitions at the same time. The events of one stream are always in one partition, in order. One thread adds events and completes.</summary>
internal sealed class ReplayPartitions<T> : IDisposable
{
    // Enough that a partition with slow events does not stop the others at once.
    private const int BatchesAhead = 4;

    private readonly ReplayTarget<T> _target;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<Batch>[] _channels;
    private readonly List<T>[] _filling;
    private readonly Task[] _workers;
    private readonly Queue<Flushed> _open = [];
    private readonly Lock _lock = new();
    private ReplayException? _error;

    internal ReplayPartitions(ReplayTarget<T> target, int count, CancellationToken cancellationToken)
    {
        (_target, _cancellationToken) = (target, cancellationToken);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Stopping = _stop.Token;
        _channels = new Channel<Batch>[count];
        _filling = new List<T>[count];
        _workers = new Task[count];
        for (var i = 0; i < count; i++)
        {
            var channel = _channels[i] = Channel.CreateBounded<Batch>(new BoundedChannelOptions(BatchesAhead) { SingleReader = true, SingleWriter = true });
            _filling[i] = [];
            _workers[i] = Task.Run(() => WorkAsync(channel.Reader), CancellationToken.None);
        }
    }

    /// <summary>Cancelled by the caller, and when a handler has failed.</summary>
    internal CancellationToken Stopping { get; }

    internal void Add(T stored) => _filling[(uint)_target.PlaceOf(stored).StreamId.GetHashCode() % (uint)_filling.Length].Add(stored);

    /// <summary>Hands what was added to the partitions, and waits where one has too much.</summary>
    /// <param name="through">Everything up to here was added.</param>
    internal async ValueTask FlushAsync(GlobalPosition through)
    {
        var flushed = new Flushed(through, _filling.Count(events => events.Count > 0));
        _open.Enqueue(flushed);
        for (var i = 0; i < _filling.Length; i++)
        {
            if (_filling[i].Count == 0) continue;
            var batch = new Batch(_filling[i], flushed);
            _filling[i] = new(batch.Events.Count);
            await _channels[i].Writer.WriteAsync(batch, Stopping).ConfigureAwait(false);
        }
    }

    /// <summary>The position up to which all events are handled; null when it is the one that was returned before.</summary>
    internal GlobalPosition? FindHandled()
    {
        GlobalPosition? handled = null;
        while (_open.TryPeek(out var first) && first.IsHandled) handled = _open.Dequeue().Through;
        return handled;
    }

    /// <summary>Waits until what was flushed is handled, or handling was cancelled.</summary>
    /// <exception cref="ReplayException">A handler failed; that of the lowest position, if several did.</exception>
    internal async Task CompleteAsync()
    {
        foreach (var channel in _channels) channel.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(false);
        if (_error is { } error) ExceptionDispatchInfo.Throw(error);
        _cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => _stop.Dispose();

    private async Task WorkAsync(ChannelReader<Batch> batches)
    {
        try
        {
            await foreach (var batch in batches.ReadAllAsync(Stopping).ConfigureAwait(false))
            {
                foreach (var stored in batch.Events)
                {
                    Stopping.ThrowIfCancellationRequested();
                    await _target.RunAsync(stored, Stopping).ConfigureAwait(false);
                }

                batch.Of.Handle();
            }
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
            // CompleteAsync says why.
        }
        catch (ReplayException e)
        {
            lock (_lock)
                if (_error is null || e.Position < _error.Position) _error = e;
            await _stop.CancelAsync().ConfigureAwait(false);
        }
    }

    private readonly record struct Batch(List<T> Events, Flushed Of);

    private sealed class Flushed(GlobalPosition through, int batches)
    {
        private int _left = batches;

        internal GlobalPosition Through => through;

        internal bool IsHandled => Volatile.Read(ref _left) == 0;

        internal void Handle() => Interlocked.Decrement(ref _left);
    }
}
