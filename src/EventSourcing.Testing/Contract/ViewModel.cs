using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Documents with two values each, and what the contract says about reading them.</summary>
internal sealed class ViewModel
{
    private readonly List<(string Key, ViewValue[] Values)> _rows = [];

    /// <summary>Values of every kind, at the limits of each, in order; those that are equal are beside each other.</summary>
    internal static IReadOnlyList<ViewValue> AllValues { get; } =
    [
        default, double.NegativeInfinity, double.MinValue, -1e19, long.MinValue, -9223372036854775808.0, long.MinValue + 1, -9007199254740993, -9007199254740992.0, -10, -1.5, -1, -1e-300, 0, 0.0, -0.0, false, double.Epsilon, 0.1, 0.1m,
        true, 1, 1.0, 1.5m, 2, 10, 62.5, 62.50m, 9007199254740992, 9007199254740992.0, 9007199254740993, long.MaxValue - 1, long.MaxValue, 9223372036854775808.0, 1e19, double.MaxValue, double.PositiveInfinity,
        "", " ", "!", "'", "-1", "0", "00", "1", "1.0", "10", "2", "2026-11-28", "2026-11-28T09:30:00.000000Z", "2026-11-28T09:30:00.000001Z", "A", "Null", "a", "a ", "aa", "b", "null", "z", "é", "\uFF5E", "\uFFFD", "😀", "😀a",
    ];

    internal int Count => _rows.Count;

    internal void Add(string key, ViewValue first, ViewValue second) => _rows.Add((key, [first, second]));

    /// <summary>Writes every document to the first table.</summary>
    internal void WriteTo(IViewWriter writer)
    {
        foreach (var (key, values) in _rows) writer.Put(0, key, GlobalPosition.FromInt64(1), "{}"u8, values);
    }

    /// <summary>The documents that a page holds.</summary>
    internal IReadOnlyList<(string Key, ViewValue Order)> Read(ViewRead read)
    {
        var rows = Meeting(read.Conditions).Select(row => (row.Key, Order: read.OrderBy is { } index ? row.Values[index] : default)).ToList();
        rows.Sort((x, y) => (read.Descending ? -1 : 1) * Compare((x.Order, x.Key), (y.Order, y.Key)));
        if (read.After is { } after) rows.RemoveAll(row => (read.Descending ? -1 : 1) * Compare((row.Order, row.Key), after) <= 0);
        return [.. rows.Take(read.Max)];
    }

    internal long CountOf(IReadOnlyList<ViewCondition> conditions) => Meeting(conditions).Count();

    private IEnumerable<(string Key, ViewValue[] Values)> Meeting(IReadOnlyList<ViewCondition> conditions) =>
        _rows.Where(row => conditions.All(condition => condition.IsMetBy(row.Values[condition.Index])));

    private static int Compare((ViewValue Order, string Key) x, (ViewValue Order, string Key) y) =>
        x.Order.CompareTo(y.Order) is not 0 and var order ? order : RecordKey.Order.Compare(x.Key, y.Key);
}
