namespace EventSourcing.Storage;

/// <summary>Several appends and changes of records in one transaction: stored together or not at all, except for changes that may be skipped. See <see cref="IEventLog.WriteAsync"/>.</summary>
/// <remarks>Do not change any part of it until the call that it is given to has returned.</remarks>
public sealed class LogWrite
{
    /// <summary>An empty write, for a transaction that has only the user's work (<see cref="IUserTransactions{TTransaction}"/>).</summary>
    public static LogWrite Empty { get; } = new();

    /// <summary>Requirements on records, checked before anything is written; a requirement that is not met refuses the write. Empty by default.</summary>
    public IReadOnlyList<RecordRequirement> Requirements { get; init; } = [];

    /// <summary>Appends, each of which sees those before it; one that is refused refuses the write. Empty by default.</summary>
    public IReadOnlyList<LogAppend> Appends { get; init; } = [];

    /// <summary>Changes of records, each of which sees those before it. A change that finds another revision than it expects refuses the write, or is skipped if it allows that. Empty by default.</summary>
    public IReadOnlyList<RecordChange> Changes { get; init; } = [];

    /// <summary>Validates the write before any I/O. Every log calls it first.</summary>
    /// <param name="limits">The log's limits.</param>
    /// <param name="hasWork">True when the user's work is part of the transaction: the write may be empty then.</param>
    /// <returns>The refusal of an append that no log with these limits stores (too large, an event id or a tag twice); null when there is none.</returns>
    /// <exception cref="ArgumentException">The write is empty, a part of it is null or a default value, or a name, key, revision or position is not valid.</exception>
    public LogRefusal? Validate(LogLimits limits, bool hasWork = false)
    {
        ArgumentNullException.ThrowIfNull(limits);
        if (Requirements is null) throw new ArgumentException("The requirements are null. Omit them, or use an empty list.", nameof(Requirements));
        if (Appends is null) throw new ArgumentException("The appends are null. Omit them, or use an empty list.", nameof(Appends));
        if (Changes is null) throw new ArgumentException("The changes are null. Omit them, or use an empty list.", nameof(Changes));
        if (!hasWork && Requirements.Count == 0 && Appends.Count == 0 && Changes.Count == 0)
            throw new ArgumentException("The write is empty: it has no requirement, no append and no change.", nameof(Changes));
        for (var i = 0; i < Requirements.Count; i++) Requirements[i].Validate(i);
        for (var i = 0; i < Changes.Count; i++) Changes[i].Validate(i);
        return ValidateAppends(limits);
    }

    private LogRefusal? ValidateAppends(LogLimits limits)
    {
        LogRefusal? refusal = null;
        for (var i = 0; i < Appends.Count; i++)
        {
            if (Appends[i] is not { } append) throw new ArgumentException($"Append {i} is null.", nameof(Appends));
            try
            {
                append.Validate(limits);
            }
            catch (EventSourcingException e)
            {
                refusal ??= LogRefusal.OfAppend(i, e);
            }
        }

        return refusal;
    }
}
