using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>The builds that a storage has open, and the rules for calls of a storage. Closes the builds with the storage. Thread-safe.</summary>
internal sealed class OpenBuilds(string logPath, bool isReadOnly) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<SqliteViewBuild> _open = [];
    private volatile bool _isDisposed;

    /// <summary>Opens a build, which is closed with the storage at the latest.</summary>
    internal SqliteViewBuild Open(ViewFile file, ViewBuildId id, ViewLayout layout, IReadOnlyList<ViewTable> tables)
    {
        var build = SqliteViewBuild.Open(file, id, layout, tables, isReadOnly, Forget);
        lock (_lock)
        {
            if (!_isDisposed)
            {
                _open.Add(build);
                return build;
            }
        }

        build.Dispose();
        throw new ObjectDisposedException(nameof(IViewStorage));
    }

    /// <exception cref="ObjectDisposedException">The log is closed.</exception>
    internal void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_isDisposed, typeof(IViewStorage));

    /// <exception cref="ArgumentException">The id is <c>default</c>.</exception>
    internal void ThrowIfNoBuild(ViewBuildId id)
    {
        ThrowIfClosed();
        if (id == default) throw new ArgumentException("default is no build.", nameof(id));
    }

    /// <exception cref="StoreReadOnlyException">The log was opened for reading only.</exception>
    internal void ThrowIfNotWritable(ViewBuildId id)
    {
        ThrowIfNoBuild(id);
        if (isReadOnly) throw new StoreReadOnlyException($"'{logPath}' was opened for reading only. Nothing was written.");
    }

    public void Dispose()
    {
        SqliteViewBuild[] open;
        lock (_lock)
        {
            _isDisposed = true;
            open = [.. _open];
        }

        foreach (var build in open) build.Dispose();
    }

    private void Forget(SqliteViewBuild build)
    {
        lock (_lock) _open.Remove(build);
    }
}
