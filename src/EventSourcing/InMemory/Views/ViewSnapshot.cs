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

    public void Dispose()
    {
    }

    private static StoredViewRow Stored(ViewRow row, int? orderBy) => new(row.Key, row.Position, row.Json, orderBy is { } index ? row.Values[index] : default);
}
