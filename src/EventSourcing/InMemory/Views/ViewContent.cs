using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <summary>What one build holds. The present state is replaced as a whole by each commit, so a snapshot is a reference to it.</summary>
internal sealed class ViewContent
{
    private readonly Lock _lock = new();
    private volatile ViewState _state;
    private volatile bool _isRemoved;
    // What the open transaction of the log has made of it; null when it has changed nothing.
    private ViewState? _pending;

    internal ViewContent(ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables)
    {
        (Id, LogId, Tables) = (id, logId, tables);
        _state = new(default, null, 0, [.. tables.Select(table => ViewRowTable.Empty(table))]);
    }

    internal ViewBuildId Id { get; }

    internal Guid LogId { get; }

    internal Guid Origin { get; } = Guid.NewGuid();

    internal IReadOnlyList<ViewTable> Tables { get; }

    /// <exception cref="StoreCorruptException">The build was removed.</exception>
    internal ViewState State => !_isRemoved ? _state : throw new StoreCorruptException("it was removed", $"build '{Id}' of a view");

    /// <summary>The state, also after the build was removed: a writer may continue with what it sees.</summary>
    internal ViewState LastState => _state;

    /// <summary>The state as the open transaction of the log sees it. Under the log's lock, as the three methods after it.</summary>
    internal ViewState Pending => _pending ?? _state;

    internal void Change(Func<ViewState, ViewState> change) => _pending = change(Pending);

    internal void Publish()
    {
        if (_pending is { } pending) _state = pending;
        _pending = null;
    }

    internal void Forget() => _pending = null;

    internal void Remove() => _isRemoved = true;

    /// <summary>Changes the state, unless a higher fencing token is stored.</summary>
    internal bool TryChange(long fencingToken, Func<ViewState, ViewState> change)
    {
        lock (_lock)
        {
            if (State.FencingToken > fencingToken) return false;
            _state = change(_state) with { FencingToken = fencingToken };
            return true;
        }
    }
}

/// <summary>The state of a build at one point in time. Immutable.</summary>
internal sealed record ViewState(ViewCheckpoint Checkpoint, string? Stall, long FencingToken, IReadOnlyList<ViewRowTable> Tables);
