namespace EventSourcing;

/// <summary>A caller's version is beyond the end of a stream.</summary>
public sealed class VersionOutOfRangeException : EventSourcingException
{
    /// <summary>Reports both versions.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="version">The caller's version.</param>
    /// <param name="streamVersion">The version of the stream's last event; 0 where it has none.</param>
    public VersionOutOfRangeException(StreamId streamId, long version, long streamVersion)
        : base($"Stream '{streamId}' has no version {version}: its last event has version {streamVersion}. Use that version or a lower one, or read the present state.") =>
        (StreamId, Version, StreamVersion) = (streamId, version, streamVersion);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The caller's version.</summary>
    public long Version { get; }

    /// <summary>The version of the stream's last event; 0 where it has none.</summary>
    public long StreamVersion { get; }
}
