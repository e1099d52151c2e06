using System.Collections.Immutable;
using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <inheritdoc/>
/// <param name="state">The state to read.</param>
/// <param name="tryChange">Changes the state; false when a higher fencing token is stored.</param>
internal sealed class ViewWriter(Func<ViewState> state, Func<Func<ViewState, ViewState>, bool> tryChange) : IViewWriter
{
    private Changed[]? _changed;

    public ViewCheckpoint Checkpoint => state().Checkpoint;

    public bool TryFind(int table, string key, out ReadOnlyMemory<byte> json, out GlobalPosition position)
    {
        var isFound = state().Tables[table].Rows.TryGetValue(key, out var row);
        (json, position) = isFound ? (row!.Json, row.Position) : default((ReadOnlyMemory<byte>, GlobalPosition));
        return isFound;
    }

    public IReadOnlyList<string> FindKeys(int table, int index, ViewValue value) => state().Tables[table].FindKeys(index, value);

    public void Begin() => _changed = [.. state().Tables.Select(table => new Changed(table))];

    public void Put(int table, string key, GlobalPosition position, ReadOnlySpan<byte> json, ReadOnlySpan<ViewValue> values) =>
        Begun[table].Put(new(key, position, json.ToArray(), values.ToArray()));

    public void Remove(int table, string key) => Begun[table].Remove(key);

    public bool Commit(ViewCheckpoint checkpoint)
    {
        ViewRowTable[] tables = [.. Begun.Select(changed => changed.ToTable())];
        _changed = null;
        return tryChange(state => state with { Checkpoint = checkpoint, Tables = tables });
    }

    public void Rollback() => _changed = null;

    public void ReportStall(string? stall) => tryChange(state => state with { Stall = stall });

    public void Dispose() => Rollback();

    private Changed[] Begun => _changed ?? throw new InvalidOperationException("No transaction was begun.");

    /// <summary>A table while it is changed.</summary>
    private sealed class Changed(ViewRowTable table)
    {
        private readonly ImmutableDictionary<string, ViewRow>.Builder _rows = table.Rows.ToBuilder();
        private readonly ImmutableSortedSet<ViewPlace>.Builder[] _indexes = [.. table.Indexes.Select(index => index.ToBuilder())];

        internal void Put(ViewRow row)
        {
            Remove(row.Key);
            _rows[row.Key] = row;
            for (var i = 0; i < _indexes.Length; i++) _indexes[i].Add(new(row.Values[i], row.Key));
        }

        internal void Remove(string key)
        {
            if (!_rows.Remove(key, out var row)) return;
            for (var i = 0; i < _indexes.Length; i++) _indexes[i].Remove(new(row.Values[i], key));
        }

        internal ViewRowTable ToTable() => new(_rows.ToImmutable(), [.. _indexes.Select(index => index.ToImmutable())]);
    }
}
