using EventSourcing.Storage;

namespace EventSourcing.Views.Serving;

/// <summary>A build that is open for reading. It is closed when another one serves and its last snapshot is disposed. Thread-safe.</summary>
internal sealed class OpenBuild(long number, IViewBuild build)
{
    private readonly Lock _lock = new();
    private int _snapshots;
    private bool _isClosing;

    internal long Number => number;

    internal Guid LogId => build.LogId;

    internal Guid Origin => build.Origin;

    /// <summary>Opens a snapshot; null when the build is being closed.</summary>
    internal OpenSnapshot? TryOpen()
    {
        lock (_lock)
        {
            if (_isClosing) return null;
            _snapshots++;
        }

        try
        {
            return new(this, build.OpenSnapshot());
        }
        catch
        {
            Release();
            throw;
        }
    }

    internal void Close()
    {
        lock (_lock)
        {
            if (_isClosing) return;
            _isClosing = true;
            if (_snapshots > 0) return;
        }

        build.Dispose();
    }

    internal void Release()
    {
        lock (_lock)
            if (--_snapshots > 0 || !_isClosing) return;
        build.Dispose();
    }
}

/// <summary>A snapshot of the serving build.</summary>
internal sealed class OpenSnapshot(OpenBuild build, IViewSnapshot snapshot) : IDisposable
{
    internal IViewSnapshot Rows => snapshot;

    internal OpenBuild Build => build;

    public void Dispose()
    {
        snapshot.Dispose();
        build.Release();
    }
}
