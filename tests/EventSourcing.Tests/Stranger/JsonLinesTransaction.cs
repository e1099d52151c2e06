using System.Security.Cryptography;
using EventSourcing.Storage;

namespace EventSourcing.Tests.Stranger;

/// <summary>What a transaction adds to the state, and the state as the transaction sees it.</summary>
internal sealed class JsonLinesTransaction(JsonLinesState state, DateTimeOffset now) : IAppendFacts
{
    private readonly Dictionary<StreamId, long> _versions = [];

    internal List<RecordedEvent> Events { get; } = [];

    /// <summary>The records that were changed; null for one that was removed.</summary>
    internal Dictionary<(RecordKind Kind, string Key), StoredRecord?> Records { get; } = [];

    internal bool IsEmpty => Events.Count == 0 && Records.Count == 0;

    public GlobalPosition Head => GlobalPosition.FromInt64(state.Events.Count + Events.Count);

    public ResumeToken TokenOf(GlobalPosition position) => At((int)position.ToInt64()).Token;

    public StoredRecord? FindRecord(RecordKind kind, string key) =>
        Records.TryGetValue((kind, key), out var changed) ? changed : state.Records.GetValueOrDefault((kind, key));

    public bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found)
    {
        var position = state.Ids.TryGetValue(id, out var stored) ? stored : state.Events.Count + Events.FindIndex(added => added.Id == id) + 1;
        var isFound = stored > 0 || position > state.Events.Count;
        found = isFound ? FoundEvent.Of(At(position), stream, e) : default;
        return isFound;
    }

    public long VersionOf(StreamId stream) =>
        _versions.TryGetValue(stream, out var version) ? version : state.Streams.GetValueOrDefault(stream)?.Count ?? 0;

    public GlobalPosition? FindConflict(AppendCondition condition)
    {
        for (var position = (int)condition.After.ToInt64() + 1; position <= state.Events.Count + Events.Count; position++)
            if (At(position) is var e && condition.FailIfEventsMatch.Matches(e.Type, e.StreamId, e.Tags ?? []))
                return e.Position;
        return null;
    }

    internal AppendResult Append(LogAppend append)
    {
        var parts = AppendJudge.Judge(append, this, out var result);
        if (parts.HasFlag(AppendParts.Events)) result = Insert(append);
        if (parts.HasFlag(AppendParts.Command)) Put(RecordKind.Command, append.CommandId!, CommandResult.Of(append, result).ToBytes());
        if (parts.HasFlag(AppendParts.Tracking)) Put(RecordKind.Tracking, append.Tracking!.Source, TrackingRecord.Of(append.Tracking).ToBytes());
        return result;
    }

    internal LogWritten Write(LogWrite write)
    {
        for (var i = 0; i < write.Requirements.Count; i++)
        {
            var record = FindRecord(write.Requirements[i].Kind, write.Requirements[i].Key);
            if (!write.Requirements[i].IsMetBy(record?.Revision ?? 0, record is null ? default : record.Value.Span)) return LogWritten.Refused(LogRefusal.OfRequirement(i));
        }

        var (results, changed) = (new List<AppendResult>(), new List<bool>());
        for (var i = 0; i < write.Appends.Count; i++)
        {
            try
            {
                results.Add(Append(write.Appends[i]));
            }
            catch (EventSourcingException e) when (LogRefusal.IsRefusal(e))
            {
                return LogWritten.Refused(LogRefusal.OfAppend(i, e));
            }
        }

        for (var i = 0; i < write.Changes.Count; i++)
        {
            if (Change(write.Changes[i]) is not { } isChanged) return LogWritten.Refused(LogRefusal.OfChange(i));
            changed.Add(isChanged);
        }

        return LogWritten.Stored(results, changed);
    }

    // Null for a change that refuses the write.
    private bool? Change(RecordChange change)
    {
        var stored = FindRecord(change.Kind, change.Key);
        if (change.IfRevision is { } expected && expected != (stored?.Revision ?? 0)) return change.IsSkippable ? false : null;
        if (!change.IsRemoval) Put(change.Kind, change.Key, change.Value.ToArray());
        else if (stored is null) return false;
        else Records[(change.Kind, change.Key)] = null;
        return true;
    }

    private void Put(RecordKind kind, string key, byte[] value) =>
        Records[(kind, key)] = new(key, value, (FindRecord(kind, key)?.Revision ?? 0) + 1);

    internal JsonLine ToLine() => new(
        Events.Count == 0 ? null : [.. Events.Select(e => JsonEvent.Of(e))],
        Records.Count == 0 ? null : [.. Records.Select(r => new JsonRecord(r.Key.Kind, r.Key.Key, r.Value?.Value.ToArray(), r.Value?.Revision ?? 0))]);

    internal static DateTimeOffset ToMicroseconds(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);

    private RecordedEvent At(int position) => position <= state.Events.Count ? state.Events[position - 1] : Events[position - state.Events.Count - 1];

    private AppendResult Insert(LogAppend append)
    {
        var (first, ranges) = (Head.ToInt64() + 1, new List<StreamRange>());
        foreach (var write in append.Writes.ToArray())
        {
            foreach (var e in write.Events.ToArray()) Insert(write.StreamId, e);
            var version = VersionOf(write.StreamId);
            ranges.Add(new(write.StreamId, version - write.Events.Length + 1, version, write.Events.Length));
        }

        return new([.. ranges], GlobalPosition.FromInt64(first), TokenOf(Head), wasDuplicate: false);
    }

    // The caller's memory is copied: it may change once the call has returned.
    private void Insert(StreamId stream, LogEvent e)
    {
        var version = _versions[stream] = VersionOf(stream) + 1;
        Events.Add(new()
        {
            Position = GlobalPosition.FromInt64(Head.ToInt64() + 1),
            StreamId = stream,
            Version = version,
            Type = e.Type,
            Id = e.Id ?? Guid.CreateVersion7(now),
            Mark = Math.Max(1, BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)))),
            Timestamp = now,
            Data = e.Data.ToArray(),
            Metadata = e.Metadata.ToArray(),
            IsJson = e.IsJson,
            Details = new(e.OccurredAt is { } time ? ToMicroseconds(time) : null, e.CorrelationId, e.CausationId, e.Tags is { Count: > 0 } tags ? [.. tags] : null)
            {
                ContentType = e.ContentType,
                SchemaVersion = Math.Max(1, e.SchemaVersion),
            },
        });
    }
}
