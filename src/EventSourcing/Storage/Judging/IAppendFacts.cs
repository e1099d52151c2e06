namespace EventSourcing.Storage;

/// <summary>The stored facts that an append is validated against. <see cref="AppendJudge"/> calls the members, and the log implements them.</summary>
/// <remarks>
/// All answers are of one state: what is stored as the write transaction sees it, with what earlier appends of the same transaction wrote, and without the append itself.
/// A member is called only when the append needs its result and no earlier case has decided: an append to one stream at an expected version calls for one version.
/// A log may use caches and indexes in each call, or fetch all facts in one batch before. The members are called by one thread, in no guaranteed order.
/// An exception of a member ends the validation and reaches the caller of the append unchanged.
/// </remarks>
public interface IAppendFacts
{
    /// <summary>The last position given, that of an erased event included; <see cref="GlobalPosition.Start"/> for an empty log.</summary>
    /// <remarks>Cost: should be none. Called for appends with a condition, and for results without events.</remarks>
    GlobalPosition Head { get; }

    /// <summary>The token of the event at a position; of an erased event, what is kept of its id and mark.</summary>
    /// <param name="position">From 1 to <see cref="Head"/>.</param>
    /// <remarks>Cost: one look-up by position. Asked for a condition after a verified token, for a result without events, for a repeat known by its events, and for a command stored before logs drew marks.</remarks>
    ResumeToken TokenOf(GlobalPosition position);

    /// <summary>A record; null when there is none.</summary>
    /// <param name="kind"><see cref="RecordKind.Command"/> or <see cref="RecordKind.Tracking"/>.</param>
    /// <param name="key">The append's command id, or the name of its source. Compared by ordinal.</param>
    /// <remarks>Cost: one look-up by key. Asked at most once for each kind, only for an append with a command id or a tracking entry.</remarks>
    StoredRecord? FindRecord(RecordKind kind, string key);

    /// <summary>Finds the event that has an id: any event ever stored, those with ids of the log's own making and erased ones included.</summary>
    /// <param name="id">The id of an event of the append.</param>
    /// <param name="stream">The stream that the append writes the event to.</param>
    /// <param name="e">The append's event, to be compared with the stored one: see <see cref="FoundEvent.Of"/> and <see cref="FoundEvent.OfErased"/>.</param>
    /// <param name="found">Where it is stored, and what differs.</param>
    /// <returns>False when no event has the id.</returns>
    /// <remarks>Cost: one look-up by id for each event with an id; the comparison only for repeats. An index for ids of the log's own making can be saved: see <see cref="PositionalIds"/>.</remarks>
    bool TryFindEvent(Guid id, StreamId stream, in LogEvent e, out FoundEvent found);

    /// <summary>The last version given in a stream, that of an erased event included; 0 where there is none.</summary>
    /// <param name="stream">A stream that the append writes to or checks.</param>
    /// <remarks>Cost: one look-up by name for each write and check, none for those that expect <see cref="ExpectedVersion.Any"/>.</remarks>
    long VersionOf(StreamId stream);

    /// <summary>The lowest position after <see cref="AppendCondition.After"/> whose event matches <see cref="AppendCondition.FailIfEventsMatch"/>; null for none. Erased events match nothing.</summary>
    /// <param name="condition">The append's condition; its position is not beyond <see cref="Head"/>.</param>
    /// <remarks>Cost: the most expensive call, made last and once. With an index on tags and streams it depends only on the events after the position.</remarks>
    GlobalPosition? FindConflict(AppendCondition condition);
}
