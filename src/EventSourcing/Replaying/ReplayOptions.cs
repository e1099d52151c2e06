namespace EventSourcing;

/// <summary>Which part of the log is replayed, how fast, and on how many threads.</summary>
/// <remarks>The options are read when the replay begins; changes after that have no effect.</remarks>
/// <example><c>new ReplayOptions { After = AsOf.Time(lastMonth), Partitions = Environment.ProcessorCount }</c></example>
public sealed class ReplayOptions
{
    /// <summary>The highest number of partitions: 256.</summary>
    public const int MaxPartitions = 256;

    /// <summary>Only events after this point, exclusive. A version needs a filter that selects one stream. Default: <c>default</c>, from the first event.</summary>
    public AsOf After { get; set; }

    /// <summary>Only events up to this point, inclusive. Not before <see cref="After"/>. Default <see cref="AsOf.Head"/>: the end of the log when the replay begins.</summary>
    public AsOf Through { get; set; } = AsOf.Head;

    /// <summary>How many events are handled at the same time, 1 to <see cref="MaxPartitions"/>. The events of one stream are handled one after the other, in order; those of different streams in any order. Default 1: all events one after the other, in order of position.</summary>
    public int Partitions { get; set; } = 1;

    /// <summary>The replay's speed against the recorded time: 1 as fast as it happened, 60 an hour in a minute. Above 0. Default null: without pauses.</summary>
    /// <remarks>The first event is handled at once; each other one when its <see cref="EventEnvelope.Timestamp"/> is due, counted from the first. A handler that is slower than that delays the events after it, and the replay then catches up.</remarks>
    public double? Speed { get; set; }

    /// <summary>Called about ten times a second while events are handled, and at the end, on any thread. <see cref="ViewProgress.Head"/> is the end of the range. Default null.</summary>
    public IProgress<ViewProgress>? Progress { get; set; }

    /// <summary>The clock of <see cref="Speed"/> and <see cref="Progress"/>. Default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>A copy that does not change.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal ReplayOptions Validated()
    {
        if (Partitions is < 1 or > MaxPartitions) throw new ArgumentOutOfRangeException(nameof(Partitions), Partitions, $"{nameof(Partitions)} must be from 1 to {MaxPartitions}.");
        if (Speed is { } speed && !(speed > 0 && double.IsFinite(speed))) throw new ArgumentOutOfRangeException(nameof(Speed), speed, $"{nameof(Speed)} must be above 0 and finite, or null for a replay without pauses.");
        ArgumentNullException.ThrowIfNull(TimeProvider);
        return (ReplayOptions)MemberwiseClone();
    }
}
