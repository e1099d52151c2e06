namespace EventSourcing.Storage;

/// <summary>An open place of a build. Thread-safe, but for its writer. Disposing it closes it for this process.</summary>
public interface IViewBuild : IDisposable
{
    /// <summary>The log that the build was made from.</summary>
    Guid LogId { get; }

    /// <summary>A random id that was drawn when the place was made. A place that is made again, with the same number, has another one.</summary>
    Guid Origin { get; }

    /// <summary>Opens a snapshot: what it reads does not change, whatever is written meanwhile. To be disposed soon.</summary>
    /// <exception cref="StoreCorruptException">The place is not what was written, or was removed or replaced.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at present.</exception>
    IViewSnapshot OpenSnapshot();

    /// <summary>Opens the writer: no write with a lower fencing token is accepted from now on.</summary>
    /// <param name="fencingToken">The lease's epoch.</param>
    /// <returns>The writer, used by one thread at a time; null when a higher fencing token has been stored. Only one writer of this object may be open.</returns>
    /// <exception cref="StoreCorruptException">The place is not what was written, or was removed or replaced.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be written at present.</exception>
    IViewWriter? OpenWriter(long fencingToken);

    /// <summary>The highest fencing token that was stored; 0 when there is none.</summary>
    long FencingToken { get; }
}
