using System.Security.Cryptography;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>How an <see cref="EventStore"/> works.</summary>
public sealed class EventStoreOptions
{
    /// <summary>How events become bytes. Default: <see cref="JsonEventSerializer"/>.</summary>
    public IEventSerializer Serializer { get; init; } = new JsonEventSerializer();

    /// <summary>The clock of the pauses between the attempts of a decision. Default: the system's. A driven clock has to be advanced for a decision that meets its second conflict to go on.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Gives numbers from 0, inclusive, to 1, exclusive, that spread out the attempts of decisions which meet each other. Called from several threads.</summary>
    public Func<double> Randomness { get; init; } = static () => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);

    internal EventStoreOptions Validated()
    {
        ArgumentNullException.ThrowIfNull(Serializer);
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(Randomness);
        return this;
    }
}
