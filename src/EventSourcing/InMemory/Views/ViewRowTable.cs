using System.Collections.Immutable;
using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <summary>The documents of one projection. Immutable.</summary>
/// <param name="Rows">By key.</param>
/// <param name="Indexes">For each index, its values with the keys of the documents, in order.</param>
/// <param name="Changes">The last changes.</param>
internal sealed record ViewRowTable(ImmutableDictionary<string, ViewRow> Rows, IReadOnlyList<ImmutableSortedSet<ViewPlace>> Indexes, ViewChangeList Changes)
{
    private string[]? _keys;

    internal static ViewRowTable Empty(ViewTable table) => new(
        ImmutableDictionary.Create<string, ViewRow>(StringComparer.Ordinal), [.. table.Indexes.Select(_ => ImmutableSortedSet<ViewPlace>.Empty)], new(table.MaxChanges, []));

    /// <summary>The documents of a read, in its order, without the limit.</summary>
    internal IEnumerable<ViewRow> Read(ViewRead read)
    {
        foreach (var key in Keys(read))
        {
            var row = Rows[key];
            if (row.Meets(read.Conditions)) yield return row;
        }
    }

    internal IReadOnlyList<string> FindKeys(int index, ViewValue value) => [.. From(Indexes[index], new(value, ""), descending: false).TakeWhile(place => place.Value == value).Select(place => place.Key)];

    private IEnumerable<string> Keys(ViewRead read)
    {
        if (read.OrderBy is { } index)
        {
            ViewPlace? after = read.After is { } place ? new(place.Order, place.Key) : null;
            return After(Indexes[index], after, read.Descending).Select(p => p.Key);
        }

        var keys = _keys ??= [.. Rows.Keys.Order(Utf8Order.Instance)];
        var ordered = read.Descending ? keys.Reverse() : keys;
        return read.After is { } last ? ordered.SkipWhile(key => Utf8Order.Instance.Compare(key, last.Key) is var order && (read.Descending ? order >= 0 : order <= 0)) : ordered;
    }

    private static IEnumerable<ViewPlace> After(ImmutableSortedSet<ViewPlace> set, ViewPlace? after, bool descending) =>
        after is not { } place ? descending ? set.Reverse() : set : From(set, place, descending).SkipWhile(p => p.CompareTo(place) == 0);

    private static IEnumerable<ViewPlace> From(ImmutableSortedSet<ViewPlace> set, ViewPlace place, bool descending)
    {
        var found = set.IndexOf(place);
        var (at, isFound) = found >= 0 ? (found, true) : (~found, false);
        if (!descending)
        {
            for (var i = at; i < set.Count; i++) yield return set[i];
            yield break;
        }

        for (var i = isFound ? at : at - 1; i >= 0; i--) yield return set[i];
    }
}

/// <summary>A document as stored.</summary>
internal sealed record ViewRow(string Key, GlobalPosition Position, byte[] Json, ViewValue[] Values)
{
    internal bool Meets(IReadOnlyList<ViewCondition> conditions)
    {
        foreach (var condition in conditions)
            if (!condition.IsMetBy(Values[condition.Index])) return false;
        return true;
    }
}

/// <summary>The place of a document in the order of an index.</summary>
internal readonly record struct ViewPlace(ViewValue Value, string Key) : IComparable<ViewPlace>
{
    public int CompareTo(ViewPlace other) => Value.CompareTo(other.Value) is not 0 and var order ? order : Utf8Order.Instance.Compare(Key, other.Key);
}
