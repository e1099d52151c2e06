using EventSourcing.Storage;
using EventSourcing.Views.Changes;

namespace EventSourcing.Views.Serving;

/// <summary>Opens snapshots for reads.</summary>
internal interface ISnapshotSource
{
    /// <summary>Follows what is written; null where the snapshot stays the same.</summary>
    ChangeFeed? Changes { get; }

    /// <summary>Opens a snapshot, once the set has handled everything up to a position.</summary>
    ValueTask<SnapshotHold> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken);
}

/// <summary>A snapshot for one read.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="Owned">What the read disposes; null where the snapshot lives longer than the read.</param>
internal readonly record struct SnapshotHold(IViewSnapshot Rows, IDisposable? Owned) : IDisposable
{
    public void Dispose() => Owned?.Dispose();
}
