using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Views.Running;

/// <summary>A set in the log itself, run in the transactions of this process's appends. Thread-safe.</summary>
internal sealed class InlineSet : StoredSet
{
    private readonly IInlineViews _views;
    private readonly InlineView _view;
    private volatile Exception? _lastError;

    internal InlineSet(ViewContext context, ViewSet set, IInlineViews views) : base(context, set) =>
        (_views, _view) = (views, new(context, set) { Failed = Paused });

    internal override async Task PauseAsync(CancellationToken cancellationToken)
    {
        if (!IsRunning) throw NotRunning();
        _view.IsPausedByCall = true;
        // A transaction that runs is waited for.
        await _views.AdvanceAsync(null, cancellationToken).ConfigureAwait(false);
    }

    internal override async Task ResumeAsync(CancellationToken cancellationToken)
    {
        if (!IsRunning) throw NotRunning();
        _view.Resume();
        await _views.AdvanceAsync(null, cancellationToken).ConfigureAwait(false);
    }

    internal override async ValueTask MaintainAsync(CancellationToken cancellationToken)
    {
        await Builder.BuildIfMissingAsync(null, cancellationToken).ConfigureAwait(false);
        using var snapshot = await Reader.TryOpenAsync(cancellationToken).ConfigureAwait(false);
        if (snapshot is not null && snapshot.Rows.Checkpoint.Position < await Context.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false))
            await ReplacedAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task RunCoreAsync(CancellationToken cancellationToken)
    {
        await Builder.BuildIfMissingAsync(FirstBuild, cancellationToken).ConfigureAwait(false);
        _view.Resume();
        _views.Attach(_view);
        try
        {
            await _views.AdvanceAsync(null, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _views.Detach(_view);
            throw;
        }
    }

    protected override async Task EndCoreAsync()
    {
        _views.Detach(_view);
        try
        {
            // A transaction that began before is waited for.
            await _views.AdvanceAsync(null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException)
        {
            // The log is closed, or no transaction can be begun: none runs that is not about to end.
            return;
        }

        _view.Dispose();
    }

    public override void Dispose()
    {
        base.Dispose();
        _view.Dispose();
    }

    protected override async ValueTask AdvanceAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        if (FindStall() is { } stall) throw Stalled(position, stall, _view.Pause?.Error);
        if (IsRunning && position <= await Context.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false)) await _views.AdvanceAsync(null, cancellationToken).ConfigureAwait(false);
        else await PauseForOthersAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ReplacedAsync(CancellationToken cancellationToken)
    {
        if (IsRunning) await _views.AdvanceAsync(null, cancellationToken).ConfigureAwait(false);
    }

    protected override async Task RebuildKeyCoreAsync(Projection projection, int table, string key, CancellationToken cancellationToken)
    {
        if (!IsRunning) throw NotRunning();
        await _views.AdvanceAsync(transaction => _view.FoldKey(transaction, projection, table, key), cancellationToken).ConfigureAwait(false);
    }

    protected override ValueTask<ViewStatus> CompleteAsync(ViewStatus status, CancellationToken cancellationToken)
    {
        if (!IsRunning) return new(status);
        var stall = FindStall();
        return new(status with { State = stall is null ? SubscriptionState.Live : SubscriptionState.Paused, StateCause = _view.Pause?.Error, Stall = stall ?? status.Stall, LastError = _lastError ?? status.LastError });
    }

    // The log is locked: who hears of the pause may want to read it.
    private void Paused(Exception error)
    {
        _lastError = error;
        ThreadPool.UnsafeQueueUserWorkItem(static paused => paused.Set.Context.Host.NotifyStateChanged(paused.Set.SubscriptionName, SubscriptionState.Paused, paused.Error), (Set: this, Error: error), preferLocal: false);
    }

    private string? FindStall() => _view.Pause is { } pause ? ExceptionText.MessageOf(pause.Error) : _view.IsPausedByCall ? "paused by a call" : null;
}
