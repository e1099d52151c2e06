using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tables;

/// <summary>A query in interned ids, as of one snapshot. Items that name what was never stored cannot match and are left out.</summary>
internal sealed class CompiledQuery
{
    private CompiledQuery(Item[] items, bool matchesAll) => (Items, MatchesAll) = (items, matchesAll);

    internal Item[] Items { get; }

    internal bool MatchesAll { get; }

    internal bool MatchesNone => !MatchesAll && Items.Length == 0;

    /// <summary>True when every item has tags, so that the tag index finds all that matches.</summary>
    internal bool IsTagged => !MatchesAll && Array.TrueForAll(Items, i => i.Tags.Length > 0);

    /// <summary>One alternative; a stream of 0 and empty types are free.</summary>
    internal sealed record Item(long[] Types, long[] Tags, long Stream, string? Category)
    {
        internal bool DemandsStream => Stream != 0 || Category is not null;

        internal bool MatchesType(long type) => Types.Length == 0 || Types.AsSpan().Contains(type);

        internal bool MatchesKind(long stream, long type, NameTable streams) =>
            MatchesType(type)
            && (Stream == 0 || Stream == stream)
            && (Category is null || IsInCategory(streams.Name(stream), Category));

        internal bool MatchesTags(ReadOnlySpan<byte> tags)
        {
            foreach (var demanded in Tags)
                if (!Contains(tags, demanded)) return false;
            return true;
        }

        private static bool IsInCategory(string stream, string category)
        {
            var dash = stream.IndexOf('-', StringComparison.Ordinal);
            return (dash > 0 ? stream.AsSpan(0, dash) : stream).SequenceEqual(category);
        }

        private static bool Contains(ReadOnlySpan<byte> tags, long demanded)
        {
            while (Varint.TryRead(ref tags, out var tag))
                if (tag == demanded) return true;
            return false;
        }
    }

    internal static CompiledQuery Compile(LogQuery? query, NameTable streams, NameTable types, NameTable tags)
    {
        if (query is null || query.IsAll) return new([], matchesAll: true);
        var items = new List<Item>(query.Items.Count);
        foreach (var item in query.Items)
            if (Compile(item, streams, types, tags) is { } compiled) items.Add(compiled);
        return new([.. items], matchesAll: false);
    }

    internal bool Matches(long stream, long type, ReadOnlySpan<byte> tags, NameTable streams)
    {
        if (MatchesAll) return true;
        foreach (var item in Items)
            if (item.MatchesKind(stream, type, streams) && item.MatchesTags(tags)) return true;
        return false;
    }

    private static Item? Compile(LogQueryItem item, NameTable streams, NameTable types, NameTable tags)
    {
        var stream = item.Stream is { } named ? streams.Find(named.Value) : 0;
        if (item.Stream is not null && stream == 0) return null;
        var typeIds = item.Types.Select(types.Find).Where(id => id != 0).ToArray();
        if (item.Types.Count > 0 && typeIds.Length == 0) return null;
        var tagIds = item.Tags.Select(t => tags.Find(t.ToString())).ToArray();
        return Array.IndexOf(tagIds, 0) >= 0 ? null : new(typeIds, tagIds, stream, item.Category);
    }
}
