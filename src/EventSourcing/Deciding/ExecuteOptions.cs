using System.Security.Cryptography;

namespace EventSourcing;

/// <summary>What goes with an execution beside its decision. Copied when it is used: a later change has no effect on a call that has begun.</summary>
public sealed class ExecuteOptions
{
    private static readonly ExecuteOptions s_default = new();

    /// <summary>The command's id. Executed again with the same id, the command is not decided: the first result is returned. To execute it once more, choose another id. 1 to 512 bytes of UTF-8; default null, for none.</summary>
    public string? CommandId { get; set; }

    /// <summary>Identifies the command's content: the same id with another fingerprint is refused. At most 64 bytes; default empty, then the id alone decides.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; set; }

    /// <summary>How often to decide when other appends come in between, 1 to 1,000; default 10.</summary>
    public int MaxAttempts { get; set; } = 10;

    /// <summary>The clock of the pauses between attempts. Default: the system's. A clock that a test drives must be advanced, or a decision with a third conflict waits for ever.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Gives numbers from 0, inclusive, to 1, exclusive, that spread the attempts of conflicting decisions over time. Called from several threads. Default: random numbers.</summary>
    public Func<double> Randomness { get; set; } = static () => RandomNumberGenerator.GetInt32(1 << 30) / (double)(1 << 30);

    /// <summary>Conditions on streams beside what is decided on. One that is not met refuses the command, and is not tried again. Default: none.</summary>
    /// <example><c>Require = [new("customer-7", ExpectedVersion.StreamExists)]</c></example>
    public IReadOnlyList<StreamCheck> Require { get; set; } = [];

    /// <summary>Correlation, causation, actor and headers of the events, for parts that an event's own metadata leaves out; as <see cref="Append.Metadata"/>. Default null, for none.</summary>
    public EventMetadata? Metadata { get; set; }

    /// <summary>The options of a call, or the defaults where it has none.</summary>
    internal static ExecuteOptions ValidatedOrDefault(ExecuteOptions? options) => options is null ? s_default : options.Validated();

    /// <summary>A validated copy.</summary>
    internal ExecuteOptions Validated()
    {
        if (MaxAttempts is < 1 or > 1000) throw new ArgumentOutOfRangeException(nameof(MaxAttempts), MaxAttempts, "MaxAttempts must be from 1 to 1,000.");
        ArgumentNullException.ThrowIfNull(TimeProvider);
        ArgumentNullException.ThrowIfNull(Randomness);
        ArgumentNullException.ThrowIfNull(Require);
        if (CommandId is null && !Fingerprint.IsEmpty) throw new ArgumentException("A fingerprint needs a command id, but CommandId is null. Set CommandId, or omit the fingerprint.", nameof(Fingerprint));
        return new()
        {
            CommandId = CommandId,
            Fingerprint = Fingerprint,
            MaxAttempts = MaxAttempts,
            TimeProvider = TimeProvider,
            Randomness = Randomness,
            Require = Require.Count == 0 ? [] : [.. Require],
            Metadata = Metadata,
        };
    }

    /// <summary>The metadata that calls made by the command's handler inherit.</summary>
    internal EventMetadata Inherited()
    {
        var handled = EventContext.Current;
        return new()
        {
            Actor = Metadata?.Actor ?? handled?.Actor,
            CorrelationId = Metadata?.CorrelationId ?? handled?.CorrelationId,
            CausationId = Metadata?.CausationId ?? handled?.CausationId ?? CommandId,
        };
    }

    internal Append ToAppend()
    {
        var append = new Append { CommandId = CommandId, Fingerprint = CommandId is null ? null : Fingerprint, Metadata = Metadata };
        foreach (var check in Require) append.Require(check.StreamId, check.Expected);
        return append;
    }
}
