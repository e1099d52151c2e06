using EventSourcing.Storage;

namespace EventSourcing.Views.Serving;

/// <summary>Opens snapshots of the serving build of a set. Thread-safe.</summary>
/// <param name="context">The views.</param>
/// <param name="set">The set.</param>
/// <param name="failure">Why the set cannot be read in this process: a damaged place, or another history of the log; null when it can.</param>
internal sealed class ServingReader(ViewContext context, ViewSet set, Func<Exception?> failure) : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private OpenBuild? _open;
    private bool _isDisposed;

    /// <summary>Opens a snapshot. Waits for the first build, or fails, as the options say.</summary>
    internal async ValueTask<OpenSnapshot> OpenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await TryOpenAsync(cancellationToken).ConfigureAwait(false) is { } snapshot) return snapshot;
            await context.Directory.ThrowIfRemovedAsync(set, cancellationToken).ConfigureAwait(false);
            if (context.Options.WhileBuilding == WhileBuilding.Fail) throw new ViewBuildingException(set.Name, set.Version);
            await Task.Delay(s_interval, context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a snapshot; null when there is no complete build.</summary>
    /// <exception cref="ObjectDisposedException">The views were disposed, perhaps while the caller waits.</exception>
    internal async ValueTask<OpenSnapshot?> TryOpenAsync(CancellationToken cancellationToken)
    {
        var serving = 0L;
        while (true)
        {
            if (Volatile.Read(ref _isDisposed)) throw Disposed();
            if (failure() is { } error) throw error;
            if (await context.Directory.FindAsync(set.Name, set.Version, cancellationToken).ConfigureAwait(false) is not { Record.Serving: > 0 and var number }) return null;
            try
            {
                if (Get(number) is not { } build) return null;
                if (build.TryOpen() is { } snapshot) return await ComparedAsync(snapshot, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreCorruptException) when (serving != number)
            {
                // It may have been replaced by another build, and removed.
                Forget(number);
            }

            serving = number;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Volatile.Write(ref _isDisposed, true);
            _open?.Close();
            _open = null;
        }
    }

    // What the caller knows is the object that owns this one.
    internal static ObjectDisposedException Disposed() => new("EventSourcing.EventViews");

    private OpenBuild? Get(long number)
    {
        lock (_lock)
        {
            if (_isDisposed) throw Disposed();
            if (_open?.Number == number) return _open;
            if (context.Directory.Storage.Open(new(set.Name, set.Version, number), set.Tables) is not { } build) return null;
            _open?.Close();
            return _open = new(number, build);
        }
    }

    private void Forget(long number)
    {
        lock (_lock)
        {
            if (_open?.Number != number) return;
            _open.Close();
            _open = null;
        }
    }

    /// <summary>Compares the log's id and the checkpoint with the log: a view of another history is never read. The log may be restored while it is open, so that every read compares.</summary>
    private async ValueTask<OpenSnapshot> ComparedAsync(OpenSnapshot snapshot, CancellationToken cancellationToken)
    {
        var build = snapshot.Build;
        try
        {
            if (build.LogId != await context.Directory.GetLogIdAsync(cancellationToken).ConfigureAwait(false))
            {
                var id = new ViewBuildId(set.Name, set.Version, build.Number);
                throw new StoreCorruptException("it belongs to another log. Rebuild the view", context.Directory.Storage.PathOf(id) ?? id.ToString());
            }

            await context.Store.Log.FindTokenAsync(snapshot.Rows.Checkpoint.Token, cancellationToken).ConfigureAwait(false);
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }
}
