using EventSourcing.Storage;

namespace EventSourcing.Views.Building;

/// <summary>The stored documents of one key in two snapshots; null where there is none.</summary>
internal readonly record struct RowPair(string Key, StoredViewRow? First, StoredViewRow? Second)
{
    private const int PageSize = 500;

    /// <summary>The documents of a table in two snapshots, in order of their keys.</summary>
    internal static IEnumerable<RowPair> Of(IViewSnapshot first, IViewSnapshot second, int table)
    {
        using var one = Rows(first, table).GetEnumerator();
        using var other = Rows(second, table).GetEnumerator();
        StoredViewRow? left = Next(one), right = Next(other);
        while (left is not null || right is not null)
        {
            var order = left is null ? 1 : right is null ? -1 : Utf8Order.Instance.Compare(left.Value.Key, right.Value.Key);
            yield return new((order <= 0 ? left : right)!.Value.Key, order <= 0 ? left : null, order >= 0 ? right : null);
            if (order <= 0) left = Next(one);
            if (order >= 0) right = Next(other);
        }
    }

    private static StoredViewRow? Next(IEnumerator<StoredViewRow> rows) => rows.MoveNext() ? rows.Current : null;

    private static IEnumerable<StoredViewRow> Rows(IViewSnapshot snapshot, int table)
    {
        for ((ViewValue, string)? after = null; ;)
        {
            var page = snapshot.Read(new() { Table = table, After = after, Max = PageSize });
            foreach (var row in page) yield return row;
            if (page.Count < PageSize) yield break;
            after = (default, page[^1].Key);
        }
    }
}
