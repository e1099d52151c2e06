using EventSourcing.Storage;
using EventSourcing.Views.Changes;
using EventSourcing.Views.Serving;

namespace EventSourcing;

/// <summary>A view set at one point in time: what several views of it read in one snapshot belongs together. Used by one thread at a time; to be disposed soon.</summary>
public sealed class ViewSnapshot : IDisposable, ISnapshotSource
{
    private readonly ViewSet _set;
    private readonly OpenSnapshot _opened;
    private bool _isDisposed;

    internal ViewSnapshot(ViewSet set, OpenSnapshot opened) => (_set, _opened) = (set, opened);

    /// <summary>The position up to which the set had handled events.</summary>
    public GlobalPosition Position => _opened.Rows.Checkpoint.Position;

    /// <summary>A projection of the set, at this point in time.</summary>
    /// <typeparam name="TRow">The document.</typeparam>
    /// <param name="projection">The projection's name; null where the set has one projection of this document.</param>
    /// <exception cref="ArgumentException">The set has no such projection, or several.</exception>
    public IView<TRow> View<TRow>(string? projection = null) where TRow : class
    {
        var (found, table) = ProjectionLookup.Find<TRow>([_set], projection) is var (_, p, t) ? (p, t) : default;
        return new View<TRow>(found, table, this, null);
    }

    /// <summary>The place in the changes of a view that follows this snapshot: <see cref="IView{TRow}.ChangesAsync"/> continues from it with the first change that the snapshot does not have.</summary>
    /// <typeparam name="TRow">The document.</typeparam>
    /// <param name="projection">The projection's name; null where the set has one projection of this document.</param>
    /// <exception cref="ArgumentException">The set has no such projection, or several.</exception>
    /// <exception cref="NotSupportedException">The projection keeps no changes (<see cref="Projection{TRow}.KeepChanges"/>).</exception>
    public ViewChangeToken ChangeToken<TRow>(string? projection = null) where TRow : class
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var (_, found, table) = ProjectionLookup.Find<TRow>([_set], projection);
        ChangeTokens.ThrowIfNotKept(found.Name, found.MaxChanges);
        return new ChangeTokens(found.Name, table, _set.Version).Last(_opened);
    }
    /// <summary>Finds a capability of the storage's snapshot (<see cref="IViewSnapshot.Find{T}"/>). For packages of storages.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability; null where there is none.</returns>
    public T? Find<T>() where T : class => _opened.Rows.Find<T>();

    /// <summary>Ends the snapshot.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _opened.Dispose();
    }

    ChangeFeed? ISnapshotSource.Changes => null;

    ValueTask<SnapshotHold> ISnapshotSource.OpenAsync(GlobalPosition? at, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (at is { } position && position > Position)
            throw new InvalidOperationException($"The snapshot is of position {Position} and does not change; {position} comes after it. Open a new snapshot.");
        return new(new SnapshotHold(_opened.Rows, null));
    }
}
