namespace EventSourcing.EntityFrameworkCore;

/// <summary>How far a projection is, as a row of your database: written in the transaction that writes the projection's rows. Part of the model by <see cref="EventSourcingModelExtensions.AddEventSourcingCheckpoints"/>; for reading.</summary>
public sealed class EventSourcingCheckpoint
{
    /// <summary>The projection's name; up to 200 characters.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>The partition, from 0 to 15; 0 where the projection is not partitioned.</summary>
    public int Partition { get; internal set; }

    /// <summary>The last event whose rows are committed, as the text of a <see cref="ResumeToken"/>; null before the first.</summary>
    public string? Token { get; internal set; }

    /// <summary>The position of that event; 0 before the first.</summary>
    public long Position { get; internal set; }

    /// <summary>The fencing token of the process that committed last. A process with a lower one cannot write any more.</summary>
    public long FencingToken { get; internal set; }

    /// <summary>When it was committed, in UTC, by the clock of that process.</summary>
    public DateTimeOffset UpdatedAt { get; internal set; }
}
