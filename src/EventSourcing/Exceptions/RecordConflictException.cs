using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A record that a subscription keeps, its checkpoint for one, was changed by something else since the subscription read it: a tool, or a call from elsewhere. Nothing was written; the subscription reads the record again.</summary>
public sealed class RecordConflictException : EventSourcingException
{
    /// <summary>Reports which record it was.</summary>
    /// <param name="kind">The record's kind.</param>
    /// <param name="key">The record's key.</param>
    public RecordConflictException(RecordKind kind, string key)
        : base($"The {kind.ToString().ToLowerInvariant()} record '{key}' was changed by something else since it was read. Nothing was written.") =>
        (Kind, Key) = (kind, key);

    /// <summary>The record's kind.</summary>
    public RecordKind Kind { get; }

    /// <summary>The record's key.</summary>
    public string Key { get; }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
