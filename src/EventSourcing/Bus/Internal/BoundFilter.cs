using EventSourcing.Storage;

namespace EventSourcing.Bus;

/// <summary>A <see cref="EventFilter"/> by the stored names of one store.</summary>
internal sealed class BoundFilter(LogQuery[] queries, (string Key, string Value)[] headers, Func<EventEnvelope, bool>[] predicates)
{
    /// <summary>The query that the log can answer; what it lets through beyond the route, <see cref="AdmitsBytes"/> and <see cref="Admits"/> stop.</summary>
    internal LogQuery? Query => queries.Length == 0 ? null : queries[0];

    internal bool HasPredicates => predicates.Length > 0;

    internal bool NeedsFilter => queries.Length > 1 || headers.Length > 0 || HasPredicates;

    /// <summary>What can be told without decoding; no code of the user's runs.</summary>
    internal bool AdmitsBytes(in RecordedEvent e) => (Query is null || Matches(Query, e)) && AdmitsFound(e);

    /// <summary>The same of an event that <see cref="Query"/> has found.</summary>
    internal bool AdmitsFound(in RecordedEvent e)
    {
        for (var i = 1; i < queries.Length; i++)
            if (!Matches(queries[i], e)) return false;
        return headers.Length == 0 || HasHeaders(e);
    }

    internal bool Admits(EventEnvelope envelope)
    {
        foreach (var predicate in predicates)
            if (!predicate(envelope)) return false;
        return true;
    }

    private static bool Matches(LogQuery query, in RecordedEvent e) => query.Matches(e.Type, e.StreamId, e.Tags ?? []);

    private bool HasHeaders(in RecordedEvent e)
    {
        try
        {
            var metadata = EventMetadata.Read(e.Metadata, e.Type, e.StreamId, e.Position);
            foreach (var (key, value) in headers)
                if ((key == EventMetadata.ActorKey ? metadata.Actor : metadata.Headers.GetValueOrDefault(key)) != value) return false;
            return true;
        }
        catch (EventSerializationException)
        {
            return false;
        }
    }
}
