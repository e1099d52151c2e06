using System.Diagnostics;
using EventSourcing.Tracing;

namespace EventSourcing.Views.Folding;

/// <summary>Measures one write of a set; costs two checks while no meter listener is attached.</summary>
internal readonly struct WriteObservation
{
    private readonly string _set;
    private readonly long _documents;
    private readonly long _started;

    private WriteObservation(string set, long documents) => (_set, _documents, _started) = (set, documents, Stopwatch.GetTimestamp());

    private static bool IsWanted => Instruments.ProjectionWritten is { Enabled: true } || Instruments.ProjectionWriteDuration is { Enabled: true };

    /// <param name="set">Name and version of the set.</param>
    /// <param name="folds">What is written.</param>
    internal static WriteObservation Begin(string set, RowFold[] folds) => IsWanted ? new(set, folds.Sum(fold => (long)fold.UnwrittenCount)) : default;

    /// <summary>The write is committed.</summary>
    internal void End()
    {
        if (_started == 0) return;
        var tags = new TagList { { Instruments.ViewSet, _set } };
        if (_documents > 0) Observers.Add(Instruments.ProjectionWritten, _documents, tags);
        Observers.Record(Instruments.ProjectionWriteDuration, Stopwatch.GetElapsedTime(_started).TotalSeconds, tags);
    }
}
