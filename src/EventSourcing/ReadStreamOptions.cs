using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Which part of a stream to read: a range of versions, and a direction in which to read it. The range means the same in both directions.</summary>
/// <remarks>The options are read when the read is made; changes after that have no effect.</remarks>
/// <example><c>store.ReadStreamAsync("order-42", new() { AfterVersion = 3, Direction = ReadDirection.Backward })</c> gives the last event first and version 4 last.</example>
public sealed class ReadStreamOptions
{
    /// <summary>Oldest first (<see cref="ReadDirection.Forward"/>, the default) or newest first.</summary>
    public ReadDirection Direction { get; set; }

    /// <summary>Only events after this version, exclusive, in either direction. 0 or more; default 0: from the first event. At or beyond the end of the stream, nothing is read.</summary>
    public long AfterVersion { get; set; }

    /// <summary>Only events up to this version, inclusive, in either direction. Default null: to the end of the stream. Not below <see cref="AfterVersion"/>; equal to it, nothing is read.</summary>
    public long? ThroughVersion { get; set; }

    /// <summary>The maximum number of events read, counted after every filter. 1 or more; default null: no maximum.</summary>
    public long? MaxCount { get; set; }

    /// <summary>Which events of the stream; an <see cref="EventQuery"/> converts to it. Default null: all.</summary>
    public EventFilter? Filter { get; set; }

    /// <summary>Refuses options that no read can have.</summary>
    internal void Validate()
    {
        Require.Direction(Direction);
        Require.NotNegative(AfterVersion, nameof(AfterVersion));
        Require.AtLeastOne(MaxCount, nameof(MaxCount));
        Require.Range(AfterVersion, ThroughVersion, nameof(AfterVersion), nameof(ThroughVersion));
    }
}
