using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>The views that take part in the transactions of a log. Attached and detached by any thread; the rest is used by the thread that runs a transaction.</summary>
internal sealed class InLogViews(string path)
{
    private readonly Lock _lock = new();
    private volatile IInlineView[] _attached = [];

    internal string Path => path;

    /// <summary>False while no view is attached.</summary>
    internal bool IsAny => _attached.Length > 0;

    /// <summary>Knows of calls from inside the work of transactions: handlers must not call the log.</summary>
    internal WorkGuard Guard { get; set; } = new();

    internal void Attach(IInlineView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        lock (_lock) _attached = !_attached.Contains(view) ? [.. _attached, view] : throw new InvalidOperationException("The view is attached already.");
    }

    internal void Detach(IInlineView view)
    {
        lock (_lock) _attached = [.. _attached.Where(other => other != view)];
    }

    internal bool Prepare(IInlineTransaction transaction)
    {
        var isDone = true;
        foreach (var view in _attached) isDone &= Run(() => view.Prepare(transaction));
        return isDone;
    }

    internal void Appended(IInlineTransaction transaction, GlobalPosition first)
    {
        foreach (var view in _attached)
        {
            Run(() =>
            {
                view.Appended(transaction, first);
                return true;
            });
        }
    }

    internal void Undone()
    {
        foreach (var view in _attached) view.Undone();
    }

    // The work of a user's transaction runs under the guard already.
    private bool Run(Func<bool> work) => Guard.IsInside ? work() : Guard.Run(null, work);
}
