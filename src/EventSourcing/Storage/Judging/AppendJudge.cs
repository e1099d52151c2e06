using System.Runtime.InteropServices;

namespace EventSourcing.Storage;

/// <summary>The rules of an append, the same for every log: decides by what is stored whether an append is written, is a repeat, or is refused.</summary>
/// <remarks>
/// Pure: it asks the log's <see cref="IAppendFacts"/> and writes nothing. The order of its cases is the one of <see cref="IEventLog.AppendAsync"/>, and every exception and message
/// of a refusal is made here. A log runs it inside its write transaction, after <see cref="LogAppend.Validate(LogLimits)"/>, and then writes the parts it answers with:
/// <code>
/// var parts = AppendJudge.Judge(append, facts, out var result);
/// if (parts.HasFlag(AppendParts.Events)) result = Insert(append);
/// if (parts.HasFlag(AppendParts.Command)) Put(RecordKind.Command, append.CommandId, CommandResult.Of(append, result).ToBytes());
/// if (parts.HasFlag(AppendParts.Tracking)) Put(RecordKind.Tracking, append.Tracking.Source, TrackingRecord.Of(append.Tracking).ToBytes());
/// </code>
/// Where nothing was stored before, it allocates nothing.
/// </remarks>
public static class AppendJudge
{
    /// <summary>Validates an append against what is stored.</summary>
    /// <typeparam name="TFacts">The log's facts. A struct makes every question a direct call; a class costs an interface call for each.</typeparam>
    /// <param name="append">The append; its form is valid (<see cref="LogAppend.Validate(LogLimits)"/>).</param>
    /// <param name="facts">What is stored, as the write transaction sees it. What its members throw passes through.</param>
    /// <param name="result">The append's result, complete unless <see cref="AppendParts.Events"/> is among the parts: then the log makes it when it has stored the events.</param>
    /// <returns>The parts that the log has to write, in the same transaction; <see cref="AppendParts.None"/> for none.</returns>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="DuplicateEventException">An event id is in use for another event, or not all events of the append are stored, or not in its order.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream is not in the expected state; every such stream is named.</exception>
    /// <exception cref="LogDivergedException">The condition's token is of another history.</exception>
    /// <exception cref="PositionOutOfRangeException">The condition's position lies beyond the head.</exception>
    /// <exception cref="AppendConditionFailedException">An event matches the condition.</exception>
    /// <exception cref="StoreCorruptException">The record of the command or of the source has no known form.</exception>
    public static AppendParts Judge<TFacts>(LogAppend append, TFacts facts, out AppendResult result)
        where TFacts : IAppendFacts
    {
        ArgumentNullException.ThrowIfNull(append);
        if (TryFindCommand(append, facts, out result)) return TrackingOf(append, facts);
        if (TryFindEvents(append, facts, out result)) return CommandOf(append) | TrackingOf(append, facts);
        var tracking = TrackingOf(append, facts);
        if (append.Tracking is not null && tracking == AppendParts.None)
        {
            result = WithoutEvents(append, facts, wasDuplicate: true);
            return AppendParts.None;
        }

        ThrowIfUnexpected(append, facts);
        if (append.Condition is { } condition) ThrowIfMet(condition, facts);
        var records = CommandOf(append) | tracking;
        if (append.Count > 0) return records | AppendParts.Events;
        result = WithoutEvents(append, facts, wasDuplicate: false);
        return records;
    }

    private static bool TryFindCommand<TFacts>(LogAppend append, TFacts facts, out AppendResult result)
        where TFacts : IAppendFacts
    {
        result = default;
        if (append.CommandId is not { } id || facts.FindRecord(RecordKind.Command, id) is not { } record) return false;
        var first = CommandResult.Parse(id, record.Value);
        if (!first.IsRepeatedBy(append.Fingerprint.Span)) throw new CommandIdConflictException(id, first.Result);
        result = first.Result.ResumeToken.IsVerifiable ? first.Result : first.Result.WithToken(TokenOf(first.Result.LastPosition, facts));
        return true;
    }

    private static bool TryFindEvents<TFacts>(LogAppend append, TFacts facts, out AppendResult result)
        where TFacts : IAppendFacts
    {
        result = default;
        FoundEvent[]? found = null;
        var index = 0;
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
            {
                if (e.Id is { } id && facts.TryFindEvent(id, write.StreamId, e, out var stored))
                {
                    if (stored.Difference != ContentDifference.None) throw Refused(id, stored.Position, Text(stored));
                    (found ??= new FoundEvent[append.Count])[index] = stored;
                }

                index++;
            }

        if (found is null) return false;
        ThrowUnlessAll(append, found);
        result = RepeatOf(append, facts, found);
        return true;
    }

    // All events are stored, in the append's order.
    private static void ThrowUnlessAll(LogAppend append, FoundEvent[] found)
    {
        if (Array.FindIndex(found, e => !e.IsStored) >= 0)
        {
            var first = Array.FindIndex(found, e => e.IsStored);
            throw Refused(IdOf(append, first), found[first].Position, $"it is stored at position {found[first].Position}, but other events of the same append are not stored.");
        }

        for (var i = 1; i < found.Length; i++)
            if (found[i].Position <= found[i - 1].Position)
                throw Refused(IdOf(append, i), found[i].Position, $"it is stored at position {found[i].Position}, but the append has the stored events in another order.");
    }

    private static AppendResult RepeatOf<TFacts>(LogAppend append, TFacts facts, FoundEvent[] found)
        where TFacts : IAppendFacts
    {
        var writes = append.Writes.Span;
        var (first, last) = (found[0].Position, found[^1].Position);
        var isContiguous = last.ToInt64() - first.ToInt64() + 1 == found.Length;
        var token = facts.TokenOf(last);
        if (isContiguous && writes.Length == 1) return new(RangeOf(writes[0], facts, found), first, token, wasDuplicate: true);
        var (ranges, next) = (new StreamRange[writes.Length], 0);
        for (var i = 0; i < ranges.Length; next += ranges[i++].Count) ranges[i] = RangeOf(writes[i], facts, found.AsSpan(next));
        var streams = ImmutableCollectionsMarshal.AsImmutableArray(ranges);
        return isContiguous ? new(streams, first, token, wasDuplicate: true) : new(streams, Array.ConvertAll(found, e => e.Position), token);
    }

    private static StreamRange RangeOf<TFacts>(in StreamWrite write, TFacts facts, ReadOnlySpan<FoundEvent> found)
        where TFacts : IAppendFacts
    {
        var count = write.Events.Length;
        return count == 0 ? Unchanged(write.StreamId, facts) : new(write.StreamId, found[0].Version, found[count - 1].Version, count);
    }

    private static AppendParts CommandOf(LogAppend append) => append.CommandId is null ? AppendParts.None : AppendParts.Command;

    private static AppendParts TrackingOf<TFacts>(LogAppend append, TFacts facts)
        where TFacts : IAppendFacts
    {
        if (append.Tracking is not { } tracking) return AppendParts.None;
        var isTracked = facts.FindRecord(RecordKind.Tracking, tracking.Source) is { } record && TrackingRecord.Parse(tracking.Source, record.Value.Span).Includes(tracking);
        return isTracked ? AppendParts.None : AppendParts.Tracking;
    }

    private static void ThrowIfUnexpected<TFacts>(LogAppend append, TFacts facts)
        where TFacts : IAppendFacts
    {
        List<VersionMismatch>? mismatches = null;
        foreach (ref readonly var write in append.Writes.Span) Check(write.StreamId, write.Expected, facts, ref mismatches);
        foreach (ref readonly var check in append.Checks.Span) Check(check.StreamId, check.Expected, facts, ref mismatches);
        if (mismatches is not null) throw new WrongExpectedVersionException(mismatches);
    }

    private static void Check<TFacts>(StreamId stream, ExpectedVersion expected, TFacts facts, ref List<VersionMismatch>? mismatches)
        where TFacts : IAppendFacts
    {
        if (expected == ExpectedVersion.Any) return;
        var actual = facts.VersionOf(stream);
        if (expected.IsMetBy(actual)) return;
        var mismatch = new VersionMismatch(stream, expected, actual);
        mismatches ??= [];
        if (!mismatches.Contains(mismatch)) mismatches.Add(mismatch);
    }

    private static void ThrowIfMet<TFacts>(AppendCondition condition, TFacts facts)
        where TFacts : IAppendFacts
    {
        if (TokenComparison.IsNeeded(condition.Token, facts.Head)) TokenComparison.ThrowIfOther(condition.Token, facts.TokenOf(condition.After), facts.Head);
        if (facts.FindConflict(condition) is { } conflict) throw new AppendConditionFailedException(condition.FailIfEventsMatch, condition.After, conflict);
    }

    private static AppendResult WithoutEvents<TFacts>(LogAppend append, TFacts facts, bool wasDuplicate)
        where TFacts : IAppendFacts
    {
        var writes = append.Writes.Span;
        var last = TokenOf(facts.Head, facts);
        if (writes.Length == 1) return new(Unchanged(writes[0].StreamId, facts), last.Position, last, wasDuplicate);
        StreamRange[] ranges = writes.IsEmpty ? [] : new StreamRange[writes.Length];
        for (var i = 0; i < ranges.Length; i++) ranges[i] = Unchanged(writes[i].StreamId, facts);
        return new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), last.Position, last, wasDuplicate);
    }

    private static ResumeToken TokenOf<TFacts>(GlobalPosition position, TFacts facts)
        where TFacts : IAppendFacts => position == GlobalPosition.Start ? ResumeToken.Start : facts.TokenOf(position);

    private static StreamRange Unchanged<TFacts>(StreamId stream, TFacts facts)
        where TFacts : IAppendFacts
    {
        var version = facts.VersionOf(stream);
        return new(stream, version + 1, version, 0);
    }

    private static Guid IdOf(LogAppend append, int index)
    {
        foreach (ref readonly var write in append.Writes.Span)
        {
            if (index < write.Events.Length) return write.Events.Span[index].Id!.Value;
            index -= write.Events.Length;
        }

        throw new ArgumentOutOfRangeException(nameof(index));
    }

    private static string Text(in FoundEvent stored) => stored.Difference switch
    {
        ContentDifference.Stream => $"it is stored at position {stored.Position} in another stream.",
        ContentDifference.Type => $"it is stored at position {stored.Position} with another type.",
        ContentDifference.Data => $"it is stored at position {stored.Position} with other data.",
        _ => $"it was stored at position {stored.Position} with other content, and that event was erased.",
    };

    private static DuplicateEventException Refused(Guid id, GlobalPosition position, string reason) => new(id, position, reason);
}
