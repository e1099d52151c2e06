namespace EventSourcing.Storage;

/// <summary>A requirement on one record, without which a write is not stored. Fencing, for example, is a requirement on the first bytes of a lease's record. <c>default</c> names no record and is refused.</summary>
public readonly record struct RecordRequirement
{
    private RecordRequirement(RecordKind kind, string key, long? revision, ReadOnlyMemory<byte> prefix)
    {
        ArgumentNullException.ThrowIfNull(key);
        (Kind, Key, Revision, Prefix) = (kind, key, revision, prefix);
    }

    /// <summary>The record's kind.</summary>
    public RecordKind Kind { get; }

    /// <summary>The record's key.</summary>
    public string Key { get; }

    /// <summary>The revision that the record must have, 0 for no record; null where <see cref="Prefix"/> decides.</summary>
    public long? Revision { get; }

    /// <summary>The bytes that the record's value must begin with, where <see cref="Revision"/> is null; empty for any record.</summary>
    public ReadOnlyMemory<byte> Prefix { get; }

    /// <summary>The record has a revision.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key.</param>
    /// <param name="revision">1 or more.</param>
    public static RecordRequirement AtRevision(RecordKind kind, string key, long revision)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(revision, 1);
        return new(kind, key, revision, default);
    }

    /// <summary>No record is stored under the key.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key.</param>
    public static RecordRequirement Absent(RecordKind kind, string key) => new(kind, key, 0, default);

    /// <summary>A record is stored under the key and its value begins with these bytes, whatever follows them.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key.</param>
    /// <param name="prefix">The bytes, not changed until the write has returned; empty for any record.</param>
    public static RecordRequirement StartsWith(RecordKind kind, string key, ReadOnlyMemory<byte> prefix) => new(kind, key, null, prefix);

    /// <summary>For logs: true when what is stored meets the requirement.</summary>
    /// <param name="revision">The stored record's revision; 0 where there is no record.</param>
    /// <param name="value">The stored record's value.</param>
    public bool IsMetBy(long revision, ReadOnlySpan<byte> value) =>
        Revision is { } expected ? revision == expected : revision > 0 && value.StartsWith(Prefix.Span);

    internal void Validate(int index)
    {
        if (Key is null) throw new ArgumentException($"Requirement {index} is default(RecordRequirement), which names no record.", nameof(LogWrite.Requirements));
        if (!Enum.IsDefined(Kind)) throw new ArgumentException($"Requirement {index} has the record kind {(int)Kind}, which does not exist.", nameof(LogWrite.Requirements));
        Name.ThrowIfInvalid(Key, "record key", nameof(LogWrite.Requirements));
    }
}
