using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <inheritdoc/>
internal sealed class ViewBuild(ViewContent content) : IViewBuild
{
    private volatile bool _isDisposed;

    public Guid LogId => content.LogId;

    public Guid Origin => content.Origin;

    public long FencingToken => content.State.FencingToken;

    public IViewSnapshot OpenSnapshot()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return new ViewSnapshot(content.State);
    }

    public IViewWriter? OpenWriter(long fencingToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return content.TryChange(fencingToken, state => state) ? new ViewWriter(() => content.LastState, change => content.TryChange(fencingToken, change)) : null;
    }

    public void Dispose() => _isDisposed = true;
}
