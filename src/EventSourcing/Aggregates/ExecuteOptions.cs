namespace EventSourcing.Aggregates;

/// <summary>What is said of an execution beside its decision.</summary>
public sealed record ExecuteOptions
{
    internal static ExecuteOptions Default { get; } = new();

    /// <summary>The command's id; executed again with it, the first result is returned and nothing is decided. 1 to 512 bytes of UTF-8, or null.</summary>
    public string? CommandId { get; init; }

    /// <summary>What the command's content is recognised by: the same id with another fingerprint is refused. Empty: the id alone decides. At most 64 bytes.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; init; }

    /// <summary>How often to decide when other appends come in between, 1 to 1,000; default 10.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>Who did it, for events that do not say; or null.</summary>
    public string? Actor { get; init; }

    /// <summary>The correlation id, for events that do not say; null takes the trace id of the current activity.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The causation id, for events that do not say; null takes the command id.</summary>
    public string? CausationId { get; init; }

    /// <summary>Headers, for events that do not say.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = EventMetadata.None.Headers;

    internal ExecuteOptions Validated()
    {
        if (MaxAttempts is < 1 or > 1000) throw new ArgumentOutOfRangeException(nameof(MaxAttempts), MaxAttempts, "MaxAttempts is from 1 to 1,000.");
        if (CommandId is null && !Fingerprint.IsEmpty) throw new ArgumentException("A fingerprint belongs to a command id; there is none.", nameof(Fingerprint));
        return this;
    }

    internal Append ToAppend() => new()
    {
        CommandId = CommandId,
        Fingerprint = CommandId is null ? null : Fingerprint,
        Actor = Actor,
        CorrelationId = CorrelationId,
        CausationId = CausationId ?? CommandId,
        Headers = Headers,
    };
}
