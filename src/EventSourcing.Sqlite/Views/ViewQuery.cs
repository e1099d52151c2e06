using System.Globalization;
using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>One statement that reads rows. Its parameters: the cursor's key, the number of rows (both of reads only), then the values in order.</summary>
internal sealed class ViewQuery
{
    internal const int KeyParameter = 1, MaxParameter = 2, FirstValueParameter = 3;

    private readonly StringBuilder _sql = new();
    private readonly List<ViewValue> _values = [];

    private ViewQuery()
    {
    }

    internal string Sql => _sql.ToString();

    internal IReadOnlyList<ViewValue> Values => _values;

    /// <summary>The statements whose rows, one after the other, are the page.</summary>
    /// <remarks>A comparison of row values knows no order of nulls (sqlite.org/rowvalue.html), and one condition with OR is no single range of an index. So the rows that share the cursor's value, those beyond it and the nulls are read one after the other.</remarks>
    internal static IEnumerable<ViewQuery> Of(ViewRead read, ViewLayout layout)
    {
        var (beyond, backward) = read.Descending ? ("<", " DESC") : (">", "");
        if (read.OrderBy is not { } index)
        {
            yield return Select(read, layout, read.After is null ? null : query => query.Append($" AND key {beyond} ?{KeyParameter}"), $"key{backward}");
            yield break;
        }

        var order = Text($"i_{index}{backward}, key{backward}");
        if (read.After is not var (value, _))
        {
            yield return Select(read, layout, null, order);
            yield break;
        }

        var isNull = value.Kind == ViewValueKind.Null;
        yield return Select(read, layout, query => query.WhereEqual(index, value).Append($" AND key {beyond} ?{KeyParameter}"), order);
        if (!isNull) yield return Select(read, layout, query => query.Where(index, beyond, value), order);
        else if (!read.Descending) yield return Select(read, layout, query => query.WhereNotNull(index), order);
        if (!isNull && read.Descending) yield return Select(read, layout, query => query.WhereEqual(index, default), order);
    }

    /// <summary>The statement that counts rows.</summary>
    internal static ViewQuery Count(int table, IReadOnlyList<ViewCondition> conditions, ViewLayout layout)
    {
        var query = new ViewQuery();
        query.Append($"SELECT count(*) FROM {layout.Rows(table)} WHERE true");
        query.Where(conditions);
        return query;
    }

    private static ViewQuery Select(ViewRead read, ViewLayout layout, Action<ViewQuery>? range, string order)
    {
        var query = new ViewQuery();
        query.Append($"SELECT key, position, json");
        if (read.OrderBy is { } index) query.Append($", i_{index}");
        query.Append($" FROM {layout.Rows(read.Table)} WHERE true");
        query.Where(read.Conditions);
        range?.Invoke(query);
        return query.Append($" ORDER BY {order} LIMIT ?{MaxParameter}");
    }

    private void Where(IReadOnlyList<ViewCondition> conditions)
    {
        foreach (var condition in conditions)
        {
            var (index, from, through) = (condition.Index, condition.From, condition.Through);
            if (from is { } low && through is { } high && low == high) WhereEqual(index, low);
            else if (through is { Kind: ViewValueKind.Null }) Append($" AND false");
            else if (through is null && from is null or { Kind: ViewValueKind.Null }) WhereNotNull(index);
            else WhereBetween(index, from, through);
        }
    }

    private void WhereBetween(int index, ViewValue? from, ViewValue? through)
    {
        // Null is below every value; a comparison with it would be met by none.
        if (from is { Kind: not ViewValueKind.Null } low) Where(index, ">=", low);
        if (through is { } high) Where(index, "<=", high);
    }

    private ViewQuery WhereEqual(int index, in ViewValue value) => value.Kind == ViewValueKind.Null ? Append($" AND i_{index} IS NULL") : Where(index, "=", value);

    // Negative infinity is the lowest of all values but null. Unlike IS NOT NULL, it is a range of the index.
    private ViewQuery WhereNotNull(int index) => Where(index, ">=", double.NegativeInfinity);

    private ViewQuery Where(int index, string comparison, in ViewValue value)
    {
        Append($" AND i_{index} {comparison} ?{FirstValueParameter + _values.Count}");
        _values.Add(value);
        return this;
    }

    private ViewQuery Append(FormattableString text)
    {
        _sql.Append(Text(text));
        return this;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
