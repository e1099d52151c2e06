namespace EventSourcing.Storage;

/// <summary>Where a log keeps views: a capability (<see cref="IEventLog.Find{T}"/>). Each build of a view set has a place of its own, apart from the events, such as a file beside the log's. Thread-safe.</summary>
/// <remarks>The calls may block for input and output, and are short. A place is created once, written by one writer at a time, read by any number of readers, and removed; it is never renamed or replaced.</remarks>
public interface IViewStorage
{
    /// <summary>Every place that exists, complete or not, damaged or not, in order.</summary>
    IReadOnlyList<ViewBuildId> FindBuilds();

    /// <summary>Makes the place of a new build, empty and not complete.</summary>
    /// <param name="id">The build.</param>
    /// <param name="logId">The id of the log (<see cref="IViewBuild.LogId"/>).</param>
    /// <param name="tables">What it stores.</param>
    /// <exception cref="InvalidOperationException">The place exists.</exception>
    /// <exception cref="EventSourcingException">The place cannot be made; nothing is left of it.</exception>
    IViewBuild Create(ViewBuildId id, Guid logId, IReadOnlyList<ViewTable> tables);

    /// <summary>Opens a place.</summary>
    /// <param name="id">The build.</param>
    /// <param name="tables">What it stores, as it was created.</param>
    /// <returns>The build; null when it has no place.</returns>
    /// <exception cref="StoreCorruptException">The place is not what was written: damaged, of another build, or with other tables.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be opened at present.</exception>
    IViewBuild? Open(ViewBuildId id, IReadOnlyList<ViewTable> tables);

    /// <summary>Removes a place, damaged or not. Readers that have it open may continue with what they see.</summary>
    /// <param name="id">The build.</param>
    /// <returns>False when the system forbids it now, because it is in use: call again later. True when it is gone, or was not there.</returns>
    bool TryRemove(ViewBuildId id);

    /// <summary>The file of a build, for tools; null for storage without files.</summary>
    /// <param name="id">The build.</param>
    string? PathOf(ViewBuildId id);

    /// <summary>Finds a capability that not every storage has. One that decorates another forwards the call.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability; null where there is none.</returns>
    T? Find<T>()
        where T : class => this as T;
}
