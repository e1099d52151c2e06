namespace EventSourcing.Sqlite.Writing;

/// <summary>Work that reads a whole file: each on a thread of its own, so that neither the pool nor the readers wait for it. Closing the log ends it.</summary>
internal sealed class LongWork : IAsyncDisposable
{
    private static readonly AsyncLocal<Running?> s_current = new();

    private readonly Lock _lock = new();
    private readonly HashSet<Task> _running = [];
    private readonly CancellationTokenSource _closing = new();

    /// <summary>Runs work that looks at its token now and then.</summary>
    /// <exception cref="ObjectDisposedException">The log is closed, or was closed meanwhile.</exception>
    internal async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Task<T> task;
        lock (_lock)
        {
            if (_closing.IsCancellationRequested) throw new ObjectDisposedException(nameof(SqliteEventLog), "The log is closed.");
            task = Task.Factory.StartNew(() => RunUntilClosed(work, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
            _running.Add(task);
        }

        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(SqliteEventLog), "The log was closed before the work was done. Nothing of it is left.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            lock (_lock) _running.Remove(task);
        }
    }

    private T RunUntilClosed<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        var running = new Running(s_current.Value) { Owner = this };
        s_current.Value = running;
        try
        {
            return work(stop.Token);
        }
        finally
        {
            running.Owner = null;
        }
    }

    /// <summary>Refuses to wait for the end of work from inside it.</summary>
    /// <exception cref="InvalidOperationException">The call comes from code that the work calls, and that it waits for.</exception>
    internal void ThrowIfInside()
    {
        for (var inside = s_current.Value; inside is not null; inside = inside.Outer)
            if (inside.Owner == this)
                throw new InvalidOperationException("The log was closed from inside the progress of its own backup, which the closing would wait for. Nothing was done; cancel the backup and close the log after it.");
    }

    /// <summary>Ends what runs, and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            _closing.Cancel();
            running = [.. _running];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // Known by its flow of control, which code that it leaves behind keeps: the owner is gone from it by then.
    private sealed class Running(Running? outer)
    {
        internal Running? Outer { get; } = outer;

        internal volatile LongWork? Owner;
    }
}
