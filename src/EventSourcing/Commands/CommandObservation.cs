using System.Diagnostics;
using EventSourcing.Tracing;

namespace EventSourcing.Commands;

/// <summary>Traces and measures one call that sends commands; does nothing while no activity or meter listener is attached.</summary>
internal readonly struct CommandObservation : IDisposable
{
    private readonly Activity? _activity;
    private readonly string? _name;
    private readonly long _started;

    private CommandObservation(Activity? activity, string name, long started) => (_activity, _name, _started) = (activity, name, started);

    internal static CommandObservation Begin(CommandType[] types, ExecuteOptions options)
    {
        var isMeasured = Instruments.CommandDuration is { Enabled: true };
        if (!isMeasured && !Instruments.IsTraced) return default;
        var name = types.Length == 1 ? types[0].Name : string.Join('+', types.Select(t => t.Name).Distinct());
        var activity = Observers.Start($"handle {name}", ActivityKind.Internal);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(Instruments.CommandType, name);
            if (options.CommandId is not null) activity.SetTag(Instruments.CommandId, options.CommandId);
        }

        return new(activity, name, isMeasured ? Stopwatch.GetTimestamp() : 0);
    }

    internal void Succeed(in AppendResult result, int attempts)
    {
        if (_activity is { IsAllDataRequested: true })
            _activity.SetTag(Instruments.CommandAttempts, attempts).SetTag(Instruments.WasDuplicate, result.WasDuplicate).SetTag(Instruments.Position, result.LastPosition.ToInt64());
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
        var tags = new TagList { { Instruments.CommandType, _name } };
        if (error is not null) tags.Add(Instruments.ErrorType, error.GetType().FullName);
        Observers.Record(Instruments.CommandDuration, Stopwatch.GetElapsedTime(_started).TotalSeconds, tags);
    }
}
