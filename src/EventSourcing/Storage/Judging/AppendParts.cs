namespace EventSourcing.Storage;

/// <summary>The parts of a validated append that its log has to write, all in the transaction in which it was validated.</summary>
[Flags]
public enum AppendParts
{
    /// <summary>Nothing is written: a repeat that changes nothing.</summary>
    None = 0,

    /// <summary>The events, in the append's order. The log gives positions, versions, ids and times, and makes the result.</summary>
    Events = 1,

    /// <summary>The record of the command: kind <see cref="RecordKind.Command"/>, key <see cref="LogAppend.CommandId"/>, value <see cref="CommandResult.Of"/> of the append and its result. No such record is stored yet.</summary>
    Command = 2,

    /// <summary>The record of the source: kind <see cref="RecordKind.Tracking"/>, key <see cref="Tracking.Source"/>, value <see cref="TrackingRecord.Of"/> of the append's entry. It replaces the one stored.</summary>
    Tracking = 4,
}
