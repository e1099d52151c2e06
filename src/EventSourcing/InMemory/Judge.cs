using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Decides about an append by what is stored, in the order <see cref="IEventLog.AppendAsync"/> gives.</summary>
internal sealed class Judge(EventTable events, RecordTable records)
{
    internal RecordTable Records { get; } = records;

    /// <summary>Finds the result of the same append, had it been stored before; throws when it must not be stored.</summary>
    internal bool TryFindRepeat(LogAppend append, out AppendResult repeat) => TryFindCommand(append, out repeat) || TryFindEvents(append, out repeat);

    internal bool IsTracked(Tracking tracking) => tracking.Position <= TrackedPosition(tracking.Source);

    private long TrackedPosition(string source) =>
        Records.Find(RecordKind.Tracking, source) is { } record ? BinaryPrimitives.ReadInt64LittleEndian(record.Value.Span) : 0;

    internal void ThrowIfRefused(LogAppend append)
    {
        List<VersionMismatch>? mismatches = null;
        foreach (ref readonly var write in append.Writes.Span) Check(write.StreamId, write.Expected, ref mismatches);
        foreach (ref readonly var check in append.Checks.Span) Check(check.StreamId, check.Expected, ref mismatches);
        if (mismatches is not null) throw new WrongExpectedVersionException(mismatches);
        if (append.Condition is { } condition) ThrowIfMet(condition);
    }

    private bool TryFindCommand(LogAppend append, out AppendResult repeat)
    {
        repeat = default;
        if (append.CommandId is not { } id || Records.Find(RecordKind.Command, id) is not { } record) return false;
        var first = CommandResult.Parse(id, record.Value);
        repeat = first.IsRepeatedBy(append.Fingerprint.Span) ? first.Result : throw new CommandReusedException(id, first.Result);
        return true;
    }

    private bool TryFindEvents(LogAppend append, out AppendResult repeat)
    {
        repeat = default;
        if (!TryFindFirst(append, out var first)) return false;
        var positions = new GlobalPosition[append.Count];
        var ranges = new StreamRange[append.Writes.Length];
        var (next, before) = (0, 0);
        for (var i = 0; i < ranges.Length; i++)
        {
            ref readonly var write = ref append.Writes.Span[i];
            foreach (ref readonly var e in write.Events.Span)
            {
                before = PositionOfRepeat(write.StreamId, e, before, first);
                positions[next++] = GlobalPosition.FromInt64(before);
            }

            ranges[i] = RangeOf(write, positions.AsSpan(next - write.Events.Length));
        }

        repeat = positions[^1].ToInt64() - positions[0].ToInt64() + 1 == positions.Length
            ? new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), positions[0], positions[^1], wasDuplicate: true)
            : new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), positions);
        return true;
    }

    private bool TryFindFirst(LogAppend append, out (Guid Id, int Position) first)
    {
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
                if (e.Id is { } id && events.Find(id, events.Count) is var position and > 0)
                {
                    first = (id, position);
                    return true;
                }

        first = default;
        return false;
    }

    private int PositionOfRepeat(StreamId stream, in LogEvent e, int before, (Guid Id, int Position) first)
    {
        var position = e.Id is { } id ? events.Find(id, events.Count) : 0;
        if (position == 0)
            throw new DuplicateEventException(first.Id, GlobalPosition.FromInt64(first.Position), $"it is stored at position {first.Position}, but other events of the append are not.");
        if (position <= before) throw Duplicate(e.Id!.Value, position, "but the append has the stored events in another order.");
        if (!events[position].HasContentOf(stream, e)) throw Duplicate(e.Id!.Value, position, "with another stream, type or data.");
        return position;
    }

    private static DuplicateEventException Duplicate(Guid id, int position, string reason) =>
        new(id, GlobalPosition.FromInt64(position), $"it is stored at position {position}, {reason}");

    private StreamRange RangeOf(in StreamWrite write, ReadOnlySpan<GlobalPosition> positions)
    {
        var count = write.Events.Length;
        if (count == 0) return Untouched(write.StreamId);
        return new(write.StreamId, Version(positions[0]), Version(positions[count - 1]), count);

        long Version(GlobalPosition position) => events[(int)position.ToInt64()].Version;
    }

    /// <summary>The result of an append of which nothing is stored.</summary>
    internal AppendResult Untouched(LogAppend append)
    {
        var ranges = new StreamRange[append.Writes.Length];
        for (var i = 0; i < ranges.Length; i++) ranges[i] = Untouched(append.Writes.Span[i].StreamId);
        var head = GlobalPosition.FromInt64(events.Count);
        return new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), head, head, wasDuplicate: true);
    }

    internal StreamRange Untouched(StreamId stream)
    {
        var version = events.VersionOf(stream);
        return new(stream, version + 1, version, 0);
    }

    private void Check(StreamId stream, ExpectedVersion expected, ref List<VersionMismatch>? mismatches)
    {
        var actual = events.VersionOf(stream);
        if (expected.IsMetBy(actual)) return;
        var mismatch = new VersionMismatch(stream, expected, actual);
        mismatches ??= [];
        if (!mismatches.Contains(mismatch)) mismatches.Add(mismatch);
    }

    private void ThrowIfMet(AppendCondition condition)
    {
        var after = condition.After.ToInt64();
        if (after > events.Count) throw new LogTruncatedException(condition.After, GlobalPosition.FromInt64(events.Count));
        var query = condition.FailIfEventsMatch;
        var candidates = new Candidates(events, query, events.Count, (int)after + 1, forward: true);
        for (var position = candidates.Next((int)after + 1); position <= events.Count; position = candidates.Next(position + 1))
            if (!events[position].IsErased() && query.Matches(events[position].Type, events[position].StreamId, events[position].Tags ?? []))
                throw new AppendConditionFailedException(query, condition.After, GlobalPosition.FromInt64(position));
    }
}
