using System.Runtime.InteropServices;
using EventSourcing.InMemory.Views;
using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Changes the log; used under its lock only. Every change is either committed or rolled back.</summary>
internal sealed class Writer(EventTable events, InMemoryLogOptions options, InlineViews views)
{
    private readonly LogLimits _limits = options.Limits.Validated();
    private readonly List<(StreamIndex Stream, int ThroughVersion)> _toErase = [];

    internal RecordTable Records { get; } = new();

    internal void Validate(LogAppend append) => append.Validate(_limits);

    internal LogRefusal? Validate(LogWrite write, bool hasWork) => write.Validate(_limits, hasWork);

    /// <summary>Begins a transaction.</summary>
    internal void Begin()
    {
        if (views.IsAny) views.Prepare(events, Records);
    }

    /// <summary>Has the views handle everything that is stored, and runs work.</summary>
    internal void Advance(Action<IInlineTransaction>? work)
    {
        views.Prepare(events, Records);
        if (work is not null) views.Run(work);
    }

    // The answer is written where the caller wants it: copies from frame to frame would cost as much as validation.
    internal void Append(LogAppend append, out AppendResult result)
    {
        if (views.IsAny) AppendWithViews(append, out result);
        else Store(append, out result);
    }

    private void AppendWithViews(LogAppend append, out AppendResult result)
    {
        var (count, changes, saved) = (events.Count, Records.ChangeCount, views.Save());
        Store(append, out result);
        if (events.Count == count) return;
        try
        {
            views.Appended(GlobalPosition.FromInt64(count + 1));
        }
        catch
        {
            events.Rollback(count);
            Records.Rollback(changes);
            views.Restore(saved);
            throw;
        }
    }

    private void Store(LogAppend append, out AppendResult result)
    {
        var parts = AppendJudge.Judge(append, new AppendFacts(events, Records), out result);
        if ((parts & AppendParts.Events) != 0) StoreEvents(append, out result);
        if ((parts & ~AppendParts.Events) != 0) StoreRecords(append, parts, result);
    }

    /// <summary>Erases the events of a stream through a version, and commits. Their positions, versions and ids are never used again.</summary>
    internal void Erase(StreamId stream, long throughVersion)
    {
        if (events.FindStream(stream) is { } index) _toErase.Add((index, (int)Math.Min(throughVersion, index.Count)));
    }

    /// <returns>True when new events were published.</returns>
    internal bool Commit()
    {
        Records.Commit();
        views.Commit();
        var hasEvents = events.Count > events.Head;
        events.Publish();
        foreach (var (stream, throughVersion) in _toErase) events.Erase(stream, throughVersion);
        _toErase.Clear();
        return hasEvents;
    }

    internal void Rollback()
    {
        _toErase.Clear();
        Records.Rollback();
        events.Rollback();
        views.Rollback();
    }

    private void StoreEvents(LogAppend append, out AppendResult result)
    {
        var first = events.Count + 1;
        var ticks = events.TicksOf(options.TimeProvider);
        var writes = append.Writes.Span;
        if (writes.Length == 1)
        {
            var range = Store(writes[0], ticks);
            result = new(range, GlobalPosition.FromInt64(first), events.TokenAt(events.Count), wasDuplicate: false);
            return;
        }

        var ranges = new StreamRange[writes.Length];
        for (var i = 0; i < ranges.Length; i++) ranges[i] = Store(writes[i], ticks);
        result = new(ImmutableCollectionsMarshal.AsImmutableArray(ranges), GlobalPosition.FromInt64(first), events.TokenAt(events.Count), wasDuplicate: false);
    }

    private StreamRange Store(in StreamWrite write, long ticks)
    {
        var count = write.Events.Length;
        if (count == 0)
        {
            var version = events.VersionOf(write.StreamId);
            return new(write.StreamId, version + 1, version, 0);
        }

        var stream = events.GetStream(write.StreamId);
        foreach (ref readonly var e in write.Events.Span) events.Add(stream, e, ticks);
        return new(stream.Id, stream.Count - count + 1, stream.Count, count);
    }

    private void StoreRecords(LogAppend append, AppendParts parts, in AppendResult result)
    {
        if ((parts & AppendParts.Tracking) != 0)
            Records.Put(RecordKind.Tracking, append.Tracking!.Source, TrackingRecord.Of(append.Tracking).ToBytes());
        if ((parts & AppendParts.Command) != 0)
            Records.Put(RecordKind.Command, append.CommandId!, CommandResult.Of(append, result).ToBytes());
    }
}
