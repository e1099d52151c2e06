using System.Security.Cryptography;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Internal;

/// <summary>One write of a <see cref="ReferenceLog"/>: makes a new state from an old one. Answers the questions of <see cref="AppendJudge"/> from the state that it has made so far.</summary>
internal sealed class ReferenceTransaction(ReferenceState state, TimeProvider time) : IAppendFacts
{
    /// <summary>The state so far.</summary>
    internal ReferenceState State { get; private set; } = state;

    public GlobalPosition Head => State.Head;

    public ResumeToken TokenOf(GlobalPosition position) => State.TokenAt(position.ToInt64());

    public StoredRecord? FindRecord(RecordKind kind, string key) => State.FindRecord(kind, key);

    public bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found)
    {
        var index = State.Events.FindIndex(stored => stored.Id == id);
        found = index < 0 ? default : FoundEvent.Of(State.Events[index], stream, e);
        return index >= 0;
    }

    public long VersionOf(StreamId stream) => State.VersionOf(stream);

    public GlobalPosition? FindConflict(AppendCondition condition)
    {
        foreach (var e in State.Events.Skip((int)condition.After.ToInt64()))
            if (condition.FailIfEventsMatch.Matches(e.Type, e.StreamId, e.Tags ?? [])) return e.Position;
        return null;
    }

    /// <summary>Validates an append and stores what it has to write.</summary>
    internal AppendResult Append(LogAppend append)
    {
        var parts = AppendJudge.Judge(append, this, out var result);
        if (parts.HasFlag(AppendParts.Events)) result = Store(append);
        if (parts.HasFlag(AppendParts.Command)) Put(RecordKind.Command, append.CommandId!, CommandResult.Of(append, result).ToBytes());
        if (parts.HasFlag(AppendParts.Tracking)) Put(RecordKind.Tracking, append.Tracking!.Source, TrackingRecord.Of(append.Tracking).ToBytes());
        return result;
    }

    /// <summary>Requirements first, then appends, then changes. Where it is refused, the state so far is to be dropped.</summary>
    internal LogWritten Write(LogWrite write)
    {
        for (var i = 0; i < write.Requirements.Count; i++)
        {
            var (requirement, record) = (write.Requirements[i], FindRecord(write.Requirements[i].Kind, write.Requirements[i].Key));
            if (!requirement.IsMetBy(record?.Revision ?? 0, record is null ? default : record.Value.Span)) return LogWritten.Refused(LogRefusal.OfRequirement(i));
        }

        var results = new AppendResult[write.Appends.Count];
        for (var i = 0; i < results.Length; i++)
        {
            try
            {
                results[i] = Append(write.Appends[i]);
            }
            catch (EventSourcingException e) when (LogRefusal.IsRefusal(e))
            {
                return LogWritten.Refused(LogRefusal.OfAppend(i, e));
            }
        }

        var changed = new bool[write.Changes.Count];
        for (var i = 0; i < changed.Length; i++)
        {
            changed[i] = TryChange(write.Changes[i]);
            // A removal without a revision is not refused: there may be no record.
            if (!changed[i] && !write.Changes[i].IsSkippable && write.Changes[i].IfRevision is not null) return LogWritten.Refused(LogRefusal.OfChange(i));
        }

        return LogWritten.Stored(results, changed);
    }

    private AppendResult Store(LogAppend append)
    {
        var (first, ranges) = (GlobalPosition.FromInt64(State.Events.Count + 1), new List<StreamRange>());
        // Timestamps never fall with the position.
        var (now, last) = (Truncate(time.GetUtcNow()), State.Events.IsEmpty ? DateTimeOffset.MinValue : State.Events[^1].Timestamp);
        foreach (var write in append.Writes.ToArray())
        {
            var version = VersionOf(write.StreamId);
            foreach (var e in write.Events.ToArray()) Add(write.StreamId, e, now > last ? now : last);
            ranges.Add(new(write.StreamId, version + 1, version + write.Events.Length, write.Events.Length));
        }

        return new([.. ranges], first, State.Events[^1].Token, wasDuplicate: false);
    }

    private void Add(StreamId stream, in LogEvent e, DateTimeOffset timestamp) => State = State with
    {
        Events = State.Events.Add(new()
        {
            Position = GlobalPosition.FromInt64(State.Events.Count + 1),
            StreamId = stream,
            Version = VersionOf(stream) + 1,
            Type = e.Type,
            Id = e.Id ?? Guid.CreateVersion7(timestamp),
            Mark = (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue),
            Timestamp = timestamp,
            Details = new(e.OccurredAt is { } occurredAt ? Truncate(occurredAt) : null, e.CorrelationId, e.CausationId, e.Tags is { Count: > 0 } ? [.. e.Tags] : null)
            {
                ContentType = e.ContentType,
                SchemaVersion = Math.Max(1, e.SchemaVersion),
            },
            Metadata = e.Metadata.ToArray(),
            Data = e.Data.ToArray(),
            IsJson = e.IsJson,
        }),
    };

    private bool TryChange(RecordChange change)
    {
        var record = FindRecord(change.Kind, change.Key);
        if (change.IfRevision is { } expected && expected != (record?.Revision ?? 0)) return false;
        if (!change.IsRemoval) Put(change.Kind, change.Key, change.Value.ToArray());
        else if (record is null) return false;
        else State = State with { Records = State.Records.Remove((change.Kind, change.Key)) };
        return true;
    }

    private void Put(RecordKind kind, string key, byte[] value) =>
        State = State with { Records = State.Records.SetItem((kind, key), new(key, value, (FindRecord(kind, key)?.Revision ?? 0) + 1)) };

    // Every log keeps times in UTC, to the microsecond.
    private static DateTimeOffset Truncate(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
