using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <inheritdoc/>
internal sealed class ViewSnapshot(ViewState state) : IViewSnapshot
{
    public ViewCheckpoint Checkpoint => state.Checkpoint;

    public string? Stall => state.Stall;

    public StoredViewRow? Find(int table, string key) => state.Tables[table].Rows.TryGetValue(key, out var row) ? Stored(row, null) : null;

    public IReadOnlyList<StoredViewRow> Read(ViewRead read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return [.. state.Tables[read.Table].Read(read).Take(read.Max).Select(row => Stored(row, read.OrderBy))];
    }

    public long Count(int table, IReadOnlyList<ViewCondition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        var rows = state.Tables[table].Rows;
        return conditions.Count == 0 ? rows.Count : rows.Values.LongCount(row => row.Meets(conditions));
    }

    public ViewChangePlace FindLastChange(int table) => Changes(table).Last;

    public IReadOnlyList<StoredViewChange> ReadChanges(int table, long fromOrdinal, int max)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return [.. Changes(table).From(fromOrdinal).Take(max)];
    }

    public void Dispose()
    {
    }

    private ViewChangeList Changes(int table) => state.Tables[table].Changes is { Max: > 0 } changes ? changes : throw new InvalidOperationException($"Table {table} keeps no changes.");

    private static StoredViewRow Stored(ViewRow row, int? orderBy) => new(row.Key, row.Position, row.Json, orderBy is { } index ? row.Values[index] : default);
}
