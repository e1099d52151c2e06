using EventSourcing.Storage;

namespace EventSourcing.InMemory.Views;

/// <summary>The views that take part in the transactions of a log in memory. Attached and detached by any thread; the rest is used under the log's lock.</summary>
internal sealed class InlineViews(WorkGuard guard)
{
    private readonly Lock _lock = new();
    private readonly HashSet<ViewContent> _changed = [];
    private volatile IInlineView[] _attached = [];
    private IInlineTransaction? _transaction;

    internal ViewStorage Storage { get; } = new();

    /// <summary>False while no view is attached.</summary>
    internal bool IsAny => _attached.Length > 0;

    internal void Attach(IInlineView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        lock (_lock) _attached = !_attached.Contains(view) ? [.. _attached, view] : throw new InvalidOperationException("The view is attached already.");
    }

    internal void Detach(IInlineView view)
    {
        lock (_lock) _attached = [.. _attached.Where(other => other != view)];
    }

    /// <summary>Has the views handle what was stored before the transaction. What they write is committed with it.</summary>
    internal void Prepare(EventTable events, RecordTable records)
    {
        _transaction ??= new InlineTransaction(events, records, Storage, this);
        foreach (var view in _attached)
        {
            // Everything is in memory: its turns need no transactions of their own.
            while (!Run(() => view.Prepare(_transaction)))
            {
            }
        }
    }

    /// <summary>Has the views handle an append.</summary>
    internal void Appended(GlobalPosition first)
    {
        foreach (var view in _attached)
        {
            Run(() =>
            {
                view.Appended(_transaction!, first);
                return true;
            });
        }
    }

    internal void Run(Action<IInlineTransaction> work) => work(_transaction!);

    /// <summary>What every changed build holds, to be restored by <see cref="Restore"/>.</summary>
    internal (ViewContent Content, ViewState State)[] Save() => [.. _changed.Select(content => (content, content.Pending))];

    /// <summary>Takes back what was changed since a call of <see cref="Save"/>.</summary>
    internal void Restore((ViewContent Content, ViewState State)[] saved)
    {
        foreach (var content in _changed) content.Forget();
        _changed.Clear();
        foreach (var (content, state) in saved)
        {
            content.Change(_ => state);
            _changed.Add(content);
        }

        Undone();
    }

    internal void Commit()
    {
        if (_changed.Count == 0) return;
        foreach (var content in _changed) content.Publish();
        _changed.Clear();
    }

    internal void Rollback()
    {
        if (!IsAny && _changed.Count == 0) return;
        foreach (var content in _changed) content.Forget();
        _changed.Clear();
        Undone();
    }

    internal ViewWriter OpenWriter(ViewContent content) => new(() => content.Pending, change =>
    {
        content.Change(state => Advanced(state, change(state)));
        _changed.Add(content);
        return true;
    });

    // A view that advances is not paused any more.
    private static ViewState Advanced(ViewState before, ViewState after) => after.Checkpoint.Position > before.Checkpoint.Position ? after with { Stall = null } : after;

    private void Undone()
    {
        foreach (var view in _attached) view.Undone();
    }

    // The work of a user's transaction runs under the guard already.
    private bool Run(Func<bool> work) => guard.IsInside ? work() : guard.Run(null, work);
}
