using EventSourcing.Storage;
using EventSourcing.Views.Changes;
using EventSourcing.Views.Declaring;

namespace EventSourcing.Views.Serving;

/// <inheritdoc/>
/// <param name="projection">The projection.</param>
/// <param name="table">Its place in the set.</param>
/// <param name="source">Opens snapshots.</param>
/// <param name="at">The position that a read waits for; null for none.</param>
internal sealed class View<TRow>(IRowDeclaration<TRow> projection, int table, ISnapshotSource source, GlobalPosition? at) : IView<TRow>, IRowReader<TRow> where TRow : class
{
    private readonly string[] _indexNames = [.. projection.IndexNames];

    public string Name => projection.Name;

    public int Table => table;

    public IReadOnlyList<string> IndexNames => _indexNames;

    public ViewQuery<TRow> All => new(this);

    public IView<TRow> At(GlobalPosition position) => new View<TRow>(projection, table, source, position);

    public async ValueTask<TRow?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        using var opened = await source.OpenAsync(at, cancellationToken).ConfigureAwait(false);
        return WellFormed.IndexOfLoneSurrogate(key) < 0 && opened.Rows.Find(table, key) is { } row ? Decode(row) : null;
    }

    public async ValueTask<IReadOnlyDictionary<string, TRow>> FindManyAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        using var opened = await source.OpenAsync(at, cancellationToken).ConfigureAwait(false);
        var found = new Dictionary<string, TRow>(StringComparer.Ordinal);
        foreach (var key in keys)
            if (WellFormed.IndexOfLoneSurrogate(key) < 0 && !found.ContainsKey(key) && opened.Rows.Find(table, key) is { } row) found.Add(key, Decode(row));
        return found;
    }

    public IAsyncEnumerable<ViewChange<TRow>> ChangesAsync(ViewChangeToken from = default, CancellationToken cancellationToken = default)
    {
        ChangeTokens.ThrowIfNotKept(Name, projection.MaxChanges);
        if (source.Changes is not { } feed) throw new InvalidOperationException($"A snapshot does not change. Follow the changes of view '{Name}' of the EventViews, from the snapshot's token.");
        if (from != default && from.Projection != Name) throw new ArgumentException($"Token '{from}' is of view '{from.Projection}', not of '{Name}'.", nameof(from));
        return new ChangeReader<TRow>(projection, table, feed).ReadAsync(from, at, cancellationToken);
    }

    public async ValueTask<Page<TRow>> ReadPageAsync(ViewRead read, Func<StoredViewRow, string> cursorOf, CancellationToken cancellationToken)
    {
        using var opened = await source.OpenAsync(at, cancellationToken).ConfigureAwait(false);
        // One more than asked for tells whether there is a next page.
        var stored = opened.Rows.Read(read with { Max = read.Max + 1 });
        var count = Math.Min(stored.Count, read.Max);
        var rows = new TRow[count];
        for (var i = 0; i < count; i++) rows[i] = Decode(stored[i]);
        return new(Array.AsReadOnly(rows), stored.Count > count ? cursorOf(stored[count - 1]) : null, opened.Rows.Checkpoint.Position);
    }

    public async ValueTask<long> CountAsync(IReadOnlyList<ViewCondition> conditions, CancellationToken cancellationToken)
    {
        using var opened = await source.OpenAsync(at, cancellationToken).ConfigureAwait(false);
        return opened.Rows.Count(table, conditions);
    }

    private TRow Decode(in StoredViewRow row) => RowDecoder.Decode(projection, row.Key, row.Json.Span);
}
