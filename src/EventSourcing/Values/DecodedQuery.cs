using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>An <see cref="EventQuery"/> for decoded events. Where a stored event may read as one of several types, the log finds it for each of them, and this selects among what it reads as.</summary>
/// <param name="items">The query's items.</param>
/// <param name="stored">Each item by stored names.</param>
internal sealed class DecodedQuery(EventQueryItem[] items, LogQuery[] stored)
{
    /// <summary>True when the query selects a decoded event.</summary>
    internal bool Selects(object data, string type, StreamId stream, IReadOnlyList<Tag> tags)
    {
        for (var i = 0; i < items.Length; i++)
            if (items[i].Names(data, type) && stored[i].Matches(type, stream, tags)) return true;
        return false;
    }
}
