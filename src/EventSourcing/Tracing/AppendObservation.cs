using System.Diagnostics;

namespace EventSourcing.Tracing;

/// <summary>Traces and measures one append. Used only while an activity or meter listener is attached.</summary>
internal readonly struct AppendObservation : IDisposable
{
    private readonly Activity? _activity;
    private readonly string? _category;
    private readonly long _started;

    private AppendObservation(Activity? activity, string? category, long started) => (_activity, _category, _started) = (activity, category, started);

    /// <summary>True while an activity or meter listener is attached.</summary>
    internal static bool IsWanted => IsMeasured || Instruments.IsTraced;

    private static bool IsMeasured => Instruments.AppendDuration is { Enabled: true } || Instruments.AppendConflicts is { Enabled: true };

    internal static AppendObservation Begin(Append append, string system)
    {
        // Names and measurements contain only the category: there are as many streams as subjects, and backends charge for each distinct value.
        var category = append.Writes.Length > 0 ? append.Writes[0].Stream.Category : null;
        var activity = Observers.Start(category is null ? "append" : $"append {category}", ActivityKind.Client);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(Instruments.SystemName, system).SetTag(Instruments.OperationName, "append");
            if (category is not null) activity.SetTag(Instruments.CollectionName, category).SetTag(Instruments.StreamId, append.Writes[0].Stream.Value);
            if (append.CommandId is not null) activity.SetTag(Instruments.CommandId, append.CommandId);
        }

        return new(activity, category, IsMeasured ? Stopwatch.GetTimestamp() : 0);
    }

    internal void Succeed(in AppendResult result)
    {
        if (_activity is { IsAllDataRequested: true })
            _activity.SetTag(Instruments.EventCount, result.Count).SetTag(Instruments.Position, result.LastPosition.ToInt64()).SetTag(Instruments.WasDuplicate, result.WasDuplicate);
        Measure(null);
    }

    /// <summary>For an exception filter: records the exception and never handles it.</summary>
    internal bool Fail(Exception error)
    {
        _activity.Fail(error);
        Measure(error);
        return false;
    }

    public void Dispose() => Observers.Stop(_activity);

    private void Measure(Exception? error)
    {
        if (_started == 0) return;
        var tags = default(TagList);
        if (_category is not null) tags.Add(Instruments.CollectionName, _category);
        if (error is not null) tags.Add(Instruments.ErrorType, error.GetType().FullName);
        Observers.Record(Instruments.AppendDuration, Stopwatch.GetElapsedTime(_started).TotalSeconds, tags);
        if (error is ConcurrencyException) Observers.Add(Instruments.AppendConflicts, 1, tags);
    }
}
