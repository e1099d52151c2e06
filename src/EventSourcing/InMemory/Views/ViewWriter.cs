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

    public void Begin()
    {
        var (now, mark) = (state(), BitConverter.ToInt64(Guid.NewGuid().ToByteArray()));
        _changed = [.. now.Tables.Select(table => new Changed(table, now.Checkpoint.IsComplete ? mark : null))];
    }

    public void Put(int table, string key, GlobalPosition position, ReadOnlySpan<byte> json, ReadOnlySpan<ViewValue> values) =>
        Begun[table].Put(new(key, position, json.ToArray(), values.ToArray()));

    public void Remove(int table, string key, GlobalPosition position) => Begun[table].Remove(key, position);

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
    /// <param name="table">The table.</param>
    /// <param name="mark">The mark of its changes; null where none are kept.</param>
    private sealed class Changed(ViewRowTable table, long? mark)
    {
        private readonly List<StoredViewChange> _changes = [];
        private readonly ImmutableDictionary<string, ViewRow>.Builder _rows = table.Rows.ToBuilder();
        private readonly ImmutableSortedSet<ViewPlace>.Builder[] _indexes = [.. table.Indexes.Select(index => index.ToBuilder())];

        internal void Put(ViewRow row)
        {
            AddChange(row.Key, row.Position, row.Json);
            Remove(row.Key);
            _rows[row.Key] = row;
            for (var i = 0; i < _indexes.Length; i++) _indexes[i].Add(new(row.Values[i], row.Key));
        }

        internal void Remove(string key, GlobalPosition position)
        {
            AddChange(key, position, null);
            Remove(key);
        }

        internal ViewRowTable ToTable() => new(_rows.ToImmutable(), [.. _indexes.Select(index => index.ToImmutable())], table.Changes.With(_changes));

        private void AddChange(string key, GlobalPosition position, byte[]? after)
        {
            if (mark is not { } drawn || table.Changes.Max == 0) return;
            var before = _rows.TryGetValue(key, out var row) ? row.Json : null;
            if (before is null ? after is null : after is not null && before.AsSpan().SequenceEqual(after)) return;
            _changes.Add(new(new(table.Changes.Last.Ordinal + _changes.Count + 1, drawn), key, position, Memory(before), Memory(after)));
        }

        // A null array converts to memory that is empty, not to null.
        private static ReadOnlyMemory<byte>? Memory(byte[]? json) => json is null ? default(ReadOnlyMemory<byte>?) : new ReadOnlyMemory<byte>(json);

        private void Remove(string key)
        {
            if (!_rows.Remove(key, out var row)) return;
            for (var i = 0; i < _indexes.Length; i++) _indexes[i].Remove(new(row.Values[i], key));
        }
    }
}
