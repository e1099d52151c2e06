namespace EventSourcing.Storage;

/// <summary>A record to store or to remove, with an optional condition on its revision. <c>default</c> names no record and is refused.</summary>
public readonly record struct RecordChange
{
    private RecordChange(RecordKind kind, string key, ReadOnlyMemory<byte> value, bool isRemoval, long? ifRevision)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (ifRevision is { } revision) ArgumentOutOfRangeException.ThrowIfLessThan(revision, isRemoval ? 1 : 0, nameof(ifRevision));
        (Kind, Key, Value, IsRemoval, IfRevision) = (kind, key, value, isRemoval, ifRevision);
    }

    /// <summary>The record's kind.</summary>
    public RecordKind Kind { get; }

    /// <summary>The record's key.</summary>
    public string Key { get; }

    /// <summary>The value to be stored; empty for a removal.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>True when the record is removed, false when it is stored.</summary>
    public bool IsRemoval { get; }

    /// <summary>The revision that the record must have, 0 for no record; null for no condition.</summary>
    public long? IfRevision { get; }

    /// <summary>True when another revision only skips this change; false when it refuses the whole write.</summary>
    public bool IsSkippable { get; private init; }

    /// <summary>Stores a record.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">1 to 512 bytes of UTF-8, without control characters and lone surrogates.</param>
    /// <param name="value">The value, not changed until the write has returned; the log copies it.</param>
    /// <param name="ifRevision">The revision that the record must have, 0 for no record; null stores in any case.</param>
    /// <exception cref="ArgumentOutOfRangeException">The revision is below 0.</exception>
    public static RecordChange Put(RecordKind kind, string key, ReadOnlyMemory<byte> value, long? ifRevision = null) => new(kind, key, value, isRemoval: false, ifRevision);

    /// <summary>Removes a record. Without a revision it is never refused: it does nothing if there is no record, and removes a damaged record too.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key.</param>
    /// <param name="ifRevision">The revision that the record must have, 1 or more; null removes in any case.</param>
    /// <exception cref="ArgumentOutOfRangeException">The revision is below 1.</exception>
    public static RecordChange Remove(RecordKind kind, string key, long? ifRevision = null) => new(kind, key, default, isRemoval: true, ifRevision);

    /// <summary>The same change, skipped when the record has another revision: <see cref="LogWritten.Changed"/> says whether it was made.</summary>
    public RecordChange OrSkip() => this with { IsSkippable = true };

    internal void Validate(int index)
    {
        if (Key is null) throw new ArgumentException($"Change {index} is default(RecordChange), which names no record.", nameof(LogWrite.Changes));
        if (!Enum.IsDefined(Kind)) throw new ArgumentException($"Change {index} has the record kind {(int)Kind}, which does not exist.", nameof(LogWrite.Changes));
        Name.ThrowIfInvalid(Key, "record key", nameof(LogWrite.Changes));
    }
}
