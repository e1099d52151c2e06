using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Storage;

/// <summary>The inside of a transaction of a log: appends and records, committed or rolled back together. Not to be kept, nor used by another thread than the one that runs the work: both are refused with InvalidOperationException.</summary>
public interface ILogTransaction
{
    /// <summary>Finds a record.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key, compared by ordinal.</param>
    /// <param name="record">The record with its revision.</param>
    bool TryGet(RecordKind kind, string key, [NotNullWhen(true)] out Record? record);

    /// <summary>Stores a record if its revision is the expected one: compare-and-set, what fencing is made of.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">1 to 512 bytes of UTF-8, without control characters and lone surrogates.</param>
    /// <param name="value">The value; copied.</param>
    /// <param name="ifRevision">The revision the record must have, 0 for none stored; null stores in any case.</param>
    /// <returns>False when the revision is another one; nothing is changed then.</returns>
    /// <exception cref="ArgumentException">The key is not valid.</exception>
    bool TryPut(RecordKind kind, string key, ReadOnlySpan<byte> value, long? ifRevision);

    /// <summary>Removes a record if its revision is the expected one.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="key">The key.</param>
    /// <param name="ifRevision">The revision the record must have; null removes in any case, also a record that is damaged.</param>
    /// <returns>False when there is no such record or the revision is another one.</returns>
    bool TryRemove(RecordKind kind, string key, long? ifRevision);

    /// <summary>Records of a kind in ordinal order of their keys' UTF-8.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="from">The first key, inclusive; empty for the beginning.</param>
    /// <param name="through">The last key, inclusive; null for the end.</param>
    /// <param name="max">At most this many, 1 or more.</param>
    IReadOnlyList<Record> Range(RecordKind kind, string from, string? through, int max);

    /// <summary>Judges and stores an append as <see cref="IEventLog.AppendAsync"/> does, as part of this transaction.</summary>
    /// <param name="append">What to store.</param>
    AppendResult Append(LogAppend append);
}
