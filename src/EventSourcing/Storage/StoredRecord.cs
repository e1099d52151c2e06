namespace EventSourcing.Storage;

/// <summary>A small named value beside the events: a checkpoint, a lease, a command's result.</summary>
/// <param name="Key">The key within its kind.</param>
/// <param name="Value">The bytes.</param>
/// <param name="Revision">1 for the first version stored under the key, one more with each change; a key stored again after removal starts at 1.</param>
public sealed record StoredRecord(string Key, ReadOnlyMemory<byte> Value, long Revision);
