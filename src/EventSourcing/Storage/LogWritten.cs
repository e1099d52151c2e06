namespace EventSourcing.Storage;

/// <summary>The outcome of a <see cref="LogWrite"/>.</summary>
public sealed class LogWritten
{
    private LogWritten(LogRefusal? refusal, IReadOnlyList<AppendResult> appends, IReadOnlyList<bool> changed) => (Refusal, Appends, Changed) = (refusal, appends, changed);

    /// <summary>Why nothing was written; null when the write was stored.</summary>
    public LogRefusal? Refusal { get; }

    /// <summary>The result of each append, in the write's order; empty when the write was refused.</summary>
    public IReadOnlyList<AppendResult> Appends { get; }

    /// <summary>For each change, in the write's order, whether it was made: false for one that was skipped, and for a removal that found no record. Empty when the write was refused.</summary>
    public IReadOnlyList<bool> Changed { get; }

    /// <summary>For logs: the write was refused, and nothing of it is stored.</summary>
    /// <param name="refusal">Why.</param>
    public static LogWritten Refused(LogRefusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return new(refusal, [], []);
    }

    /// <summary>For logs: the write is stored.</summary>
    /// <param name="appends">The result of each append; not changed afterwards.</param>
    /// <param name="changed">Whether each change was made; not changed afterwards.</param>
    public static LogWritten Stored(IReadOnlyList<AppendResult> appends, IReadOnlyList<bool> changed)
    {
        ArgumentNullException.ThrowIfNull(appends);
        ArgumentNullException.ThrowIfNull(changed);
        return new(null, appends, changed);
    }
}
