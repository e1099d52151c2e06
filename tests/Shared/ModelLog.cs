using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Tests.Shared;

/// <summary>What a log does, as simply as it can be said. Outcomes are text, so that they compare and print.</summary>
internal sealed class ModelLog
{
    private readonly List<(StreamId Stream, LogEvent Event)> _events = [];
    private readonly Dictionary<string, (byte[] Fingerprint, string Positions)> _commands = [];
    private readonly Dictionary<string, long> _tracking = [];

    internal string Append(LogAppend append)
    {
        var outcome = Judge(append);
        var isKept = outcome.StartsWith("stored", StringComparison.Ordinal) || outcome.StartsWith("repeat", StringComparison.Ordinal);
        if (!isKept) return outcome == "tracked" ? "repeat " : outcome;
        if (append.Tracking is { } t) _tracking[t.Source] = Math.Max(t.Position, _tracking.GetValueOrDefault(t.Source));
        if (append.CommandId is { } id) _commands.TryAdd(id, (append.Fingerprint.ToArray(), outcome.Split(' ')[1]));
        return outcome;
    }

    internal long[] Read(LogQuery query) =>
        [.. Enumerable.Range(1, _events.Count).Where(p => Matches(query, p)).Select(p => (long)p)];

    private string Judge(LogAppend append)
    {
        (StreamId Stream, LogEvent Event)[] events = [.. append.Writes.ToArray().SelectMany(w => w.Events.ToArray().Select(e => (w.StreamId, e)))];
        if (events.Select(e => e.Event.Id).OfType<Guid>().ToArray() is var ids && ids.Distinct().Count() < ids.Length) return "DuplicateEvent";
        if (append.CommandId is { } id && _commands.TryGetValue(id, out var command))
            return command.Fingerprint.Length == 0 || append.Fingerprint.IsEmpty || append.Fingerprint.Span.SequenceEqual(command.Fingerprint)
                ? $"repeat {command.Positions}" : "CommandIdConflict";
        var stored = events.Select(e => e.Event.Id is { } i ? _events.FindIndex(o => o.Event.Id == i) + 1 : 0).ToArray();
        if (stored.Any(p => p > 0)) return IsRepeat(events, stored) ? $"repeat {string.Join(',', stored)}" : "DuplicateEvent";
        if (append.Tracking is { } tracking && tracking.Position <= _tracking.GetValueOrDefault(tracking.Source)) return "tracked";
        var demands = append.Writes.ToArray().Select(w => (w.StreamId, w.Expected)).Concat(append.Checks.ToArray().Select(c => (c.StreamId, c.Expected)));
        if (demands.Any(d => !d.Expected.IsMetBy(_events.Count(e => e.Stream == d.StreamId)))) return "WrongExpectedVersion";
        if (append.Condition is { } condition)
        {
            if (condition.After.ToInt64() > _events.Count) return "PositionOutOfRange";
            if (Read(condition.FailIfEventsMatch).FirstOrDefault(p => p > condition.After.ToInt64()) is var conflict and > 0) return $"AppendConditionFailed {conflict}";
        }

        _events.AddRange(events);
        return $"stored {string.Join(',', Enumerable.Range(_events.Count - events.Length + 1, events.Length))}";
    }

    private bool IsRepeat((StreamId Stream, LogEvent Event)[] events, int[] stored) =>
        stored.All(p => p > 0) && stored.SequenceEqual(stored.Distinct().Order())
        && events.Zip(stored).All(pair => Content(pair.First) == Content(_events[pair.Second - 1]));

    private bool Matches(LogQuery query, int position) =>
        _events[position - 1] is var (stream, e) && query.Matches(e.Type, stream, e.Tags ?? []);

    private static (StreamId, string, string) Content((StreamId Stream, LogEvent Event) e) =>
        (e.Stream, e.Event.Type, Encoding.UTF8.GetString(e.Event.Data.Span));
}
