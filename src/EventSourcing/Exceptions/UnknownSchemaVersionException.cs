namespace EventSourcing;

/// <summary>A stored event has a schema number that is newer than the type map: a newer version of the program wrote it. Nothing was skipped.</summary>
public sealed class UnknownSchemaVersionException : EventSerializationException
{
    /// <summary>Reports the numbers and the place.</summary>
    /// <param name="type">The stored type name.</param>
    /// <param name="schemaVersion">The schema number that is stored with the event.</param>
    /// <param name="newest">The schema number that the type map has for the type.</param>
    /// <param name="streamId">The event's stream.</param>
    /// <param name="position">The event's position.</param>
    public UnknownSchemaVersionException(string type, int schemaVersion, int newest, StreamId streamId, GlobalPosition position)
        : base(type, streamId, position, $"The event at position {position} of stream '{streamId}' is stored as '{type}' with schema number {schemaVersion}, and this program knows '{type}' up to number {newest}. "
            + "A newer version of the program wrote it. Update this process; a subscription that paused here continues with ResumeAsync or at the next start.", null) =>
        (SchemaVersion, Newest) = (schemaVersion, newest);

    /// <summary>The schema number that is stored with the event.</summary>
    public int SchemaVersion { get; }

    /// <summary>The schema number that the type map has for the type.</summary>
    public int Newest { get; }
}
