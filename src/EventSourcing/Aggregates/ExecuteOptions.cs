using System.Security.Cryptography;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>What is said of an execution beside its decision.</summary>
public sealed record ExecuteOptions
{
    internal static ExecuteOptions Default { get; } = new();

    /// <summary>The command's id; executed again with it, the first result is returned and nothing is decided. To run the command again, choose another id. 1 to 512 bytes of UTF-8, or null.</summary>
    public string? CommandId { get; init; }

    /// <summary>What the command's content is recognised by: the same id with another fingerprint is refused. Empty: the id alone decides. At most 64 bytes.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; init; }

    /// <summary>How often to decide when other appends come in between, 1 to 1,000; default 10.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>The clock of the pauses between attempts. Default: the system's. A driven clock has to be advanced for a decision that meets its third conflict to go on.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Gives numbers from 0, inclusive, to 1, exclusive, that spread out the attempts of decisions which meet each other. Called from several threads.</summary>
    public Func<double> Randomness { get; init; } = static () => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);

    /// <summary>Demands on streams beside what is decided on; one that is not met refuses the command, and is not tried again.</summary>
    /// <example><c>Require = [new("customer-7", ExpectedVersion.StreamExists)]</c></example>
    public IReadOnlyList<StreamCheck> Require { get; init; } = [];

    /// <summary>Who did it, for events that do not say; null takes the actor of what is being handled (<see cref="EventContext"/>).</summary>
    public string? Actor { get; init; }

    /// <summary>The correlation id, for events that do not say; null takes that of what is being handled (<see cref="EventContext"/>), else the trace id of the current activity.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The causation id, for events that do not say; null takes the id of the event being handled (<see cref="EventContext"/>), else the command id.</summary>
    public string? CausationId { get; init; }

    /// <summary>Headers, for events that do not say.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = EventMetadata.None.Headers;

    internal ExecuteOptions Validated()
    {
        if (MaxAttempts is < 1 or > 1000) throw new ArgumentOutOfRangeException(nameof(MaxAttempts), MaxAttempts, "MaxAttempts is from 1 to 1,000.");
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(Randomness);
        if (CommandId is null && !Fingerprint.IsEmpty) throw new ArgumentException("A fingerprint belongs to a command id; there is none.", nameof(Fingerprint));
        return this;
    }

    /// <summary>What follows from the command beside its own events takes from it.</summary>
    internal EventMetadata Inherited()
    {
        var handled = EventContext.Current;
        return new()
        {
            Actor = Actor ?? handled?.Actor,
            CorrelationId = CorrelationId ?? handled?.CorrelationId,
            CausationId = CausationId ?? handled?.CausationId ?? CommandId,
        };
    }

    internal Append ToAppend()
    {
        var append = new Append
        {
            CommandId = CommandId,
            Fingerprint = CommandId is null ? null : Fingerprint,
            Actor = Actor,
            CorrelationId = CorrelationId,
            CausationId = CausationId,
            Headers = Headers,
        };
        foreach (var check in Require) append.Require(check.StreamId, check.Expected);
        return append;
    }
}
