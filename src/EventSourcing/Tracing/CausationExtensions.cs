using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Finds causes and effects of events.</summary>
public static class CausationExtensions
{
    /// <summary>Reads the events of one operation as a tree of causes and effects.</summary>
    /// <remarks>
    /// Reads the log once from its beginning, or from the event, and decodes only the events of the operation: the time grows with the log, the memory with
    /// the result. A log with indexes of correlation and causation uses them instead: the time then grows with the result.
    /// </remarks>
    /// <param name="store">The store.</param>
    /// <param name="id">A correlation id: its events and everything that they caused. An event id: the event and its effects. A command id: the command's events and their effects.</param>
    /// <param name="maxEvents">The maximum number of events, the oldest first; 1 or more, default 1,000.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="ArgumentException">The id is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxEvents"/> is less than 1.</exception>
    /// <exception cref="EventSerializationException">An event of the operation cannot be read.</exception>
    public static async ValueTask<CausationTree> GetCausationTreeAsync(
        this IEventStore store, string id, int maxEvents = 1000, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(id);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        var first = Guid.TryParse(id, out var eventId) ? (await store.Log.FindEventAsync(eventId, cancellationToken).ConfigureAwait(false))?.Position : null;
        var (found, isComplete) = await FindAsync(store.Log, first is null ? id : eventId.ToString(), first, maxEvents, cancellationToken).ConfigureAwait(false);

        Dictionary<string, CausationNode> nodes = [];
        List<CausationNode> roots = [];
        foreach (var position in found)
        {
            var node = new CausationNode(await ReadAsync(store, position, cancellationToken).ConfigureAwait(false));
            nodes.Add(node.Event.EventId.ToString(), node);
            if (node.Event.CausationId is { } cause && nodes.TryGetValue(cause, out var parent)) parent.Add(node);
            else roots.Add(node);
        }

        return new(id, roots, found.Count, isComplete);
    }

    private static async ValueTask<(IReadOnlyList<GlobalPosition> Found, bool IsComplete)> FindAsync(
        IEventLog log, string id, GlobalPosition? first, int max, CancellationToken cancellationToken)
    {
        // One event more than the maximum tells whether there are more.
        var limit = (int)Math.Min(max + 1L, int.MaxValue);
        var indexed = log.Find<ITracingLog>() is { } tracing ? await tracing.FindTraceAsync(id, first, limit, cancellationToken).ConfigureAwait(false) : null;
        if (indexed is null) return await CollectAsync(log, id, first, max, cancellationToken).ConfigureAwait(false);
        return indexed.Count > max ? ([.. indexed.Take(max)], false) : (indexed, true);
    }

    // A cause is stored before its effects, so one pass in order of position finds chains of any length.
    private static async ValueTask<(List<GlobalPosition> Found, bool IsComplete)> CollectAsync(
        IEventLog log, string id, GlobalPosition? first, int max, CancellationToken cancellationToken)
    {
        List<GlobalPosition> found = [];
        HashSet<string> causes = [id];
        // From this event on, inclusive.
        var after = first is null ? GlobalPosition.Start : GlobalPosition.FromInt64(first.Value.ToInt64() - 1);
        var read = new AllRead { AfterPosition = after, MaxCount = LogRead.MaxPage, IncludeTags = false, ReuseBuffers = true };
        await foreach (var e in log.ReadEventsAsync(read, cancellationToken).ConfigureAwait(false))
        {
            var isPart = e.Position == first || (first is null && e.CorrelationId == id) || (e.CausationId is { } cause && causes.Contains(cause));
            if (!isPart) continue;
            if (found.Count == max) return (found, false);
            found.Add(e.Position);
            causes.Add(e.Id.ToString());
        }

        return (found, true);
    }

    private static async ValueTask<EventEnvelope> ReadAsync(IEventStore store, GlobalPosition position, CancellationToken cancellationToken)
    {
        var one = new ReadAllOptions { AfterPosition = GlobalPosition.FromInt64(position.ToInt64() - 1), ThroughPosition = position };
        await foreach (var e in store.ReadAllAsync(null, one, cancellationToken).ConfigureAwait(false)) return e;
        throw new StoreUnavailableException("Events of the log were merged or removed during the read. Read it again.");
    }
}
