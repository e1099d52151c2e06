using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Changes;

/// <summary>A set as its changes are read. Thread-safe.</summary>
internal interface IChangeSource
{
    /// <summary>The set.</summary>
    ViewSet Set { get; }

    /// <summary>True where this process writes the set, and each write wakes the readers.</summary>
    bool IsWrittenHere { get; }

    /// <summary>Opens a snapshot, once the set has handled everything up to a position. Waits for the first build, or fails, as the options say.</summary>
    ValueTask<OpenSnapshot> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken);

    /// <summary>Opens a snapshot; null when there is no complete build.</summary>
    ValueTask<OpenSnapshot?> TryOpenAsync(CancellationToken cancellationToken);
}
