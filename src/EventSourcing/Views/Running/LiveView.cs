using EventSourcing.Storage;

namespace EventSourcing.Views.Running;

/// <inheritdoc/>
/// <remarks>Folds the events of a key at each read.</remarks>
internal sealed class LiveView<TRow>(LiveSet set, Projection<TRow> projection, int table, GlobalPosition? at) : IView<TRow> where TRow : class
{
    public string Name => projection.Name;

    public ViewQuery<TRow> All => throw set.NothingStored("is read by key only");

    public IView<TRow> At(GlobalPosition position) => new LiveView<TRow>(set, projection, table, position);

    public IAsyncEnumerable<ViewChange<TRow>> ChangesAsync(ViewChangeToken from = default, CancellationToken cancellationToken = default) => throw set.NothingStored("keeps no changes");

    public async ValueTask<TRow?> FindAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return Storage.Name.Violation(key, "record key") is null ? await set.FoldAsync(projection, table, key, at, cancellationToken).ConfigureAwait(false) : null;
    }

    public async ValueTask<IReadOnlyDictionary<string, TRow>> FindManyAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var found = new Dictionary<string, TRow>(StringComparer.Ordinal);
        foreach (var key in keys)
            if (!found.ContainsKey(key) && await FindAsync(key, cancellationToken).ConfigureAwait(false) is { } row) found.Add(key, row);
        return found;
    }
}
