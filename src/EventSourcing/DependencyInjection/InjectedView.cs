namespace EventSourcing.DependencyInjection;

/// <summary>The view of a document as a service: the container makes it from the open generic type, so no projection needs to name its document where it is added.</summary>
internal class InjectedView<TRow>(EventViews views) : IView<TRow> where TRow : class
{
    private readonly IView<TRow> _view = views.View<TRow>();

    public string Name => _view.Name;

    public ViewQuery<TRow> All => _view.All;

    public IView<TRow> At(GlobalPosition position) => _view.At(position);

    public ValueTask<TRow?> FindAsync(string key, CancellationToken cancellationToken = default) => _view.FindAsync(key, cancellationToken);

    public ValueTask<IReadOnlyDictionary<string, TRow>> FindManyAsync(IEnumerable<string> keys, CancellationToken cancellationToken = default) => _view.FindManyAsync(keys, cancellationToken);

    public IAsyncEnumerable<ViewChange<TRow>> ChangesAsync(ViewChangeToken from = default, CancellationToken cancellationToken = default) => _view.ChangesAsync(from, cancellationToken);
}
