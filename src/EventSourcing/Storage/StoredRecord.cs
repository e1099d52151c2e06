namespace EventSourcing.Storage;

/// <summary>A small named value beside the events: a checkpoint, a lease, a command's result.</summary>
public sealed record StoredRecord
{
    /// <summary>For logs: a record as stored.</summary>
    /// <param name="key">The key within its kind.</param>
    /// <param name="value">The bytes.</param>
    /// <param name="revision">1 for the first version stored under the key, one more with each change; a key stored again after removal starts at 1.</param>
    public StoredRecord(string key, ReadOnlyMemory<byte> value, long revision) =>
        (Key, Value, Revision) = (key, value, revision);

    /// <summary>The key within its kind.</summary>
    public string Key { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>1 for the first version stored under the key, one more with each change; a key stored again after removal starts at 1.</summary>
    public long Revision { get; }
}
