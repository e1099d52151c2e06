using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>A set in a place of its own, run by a subscription. Thread-safe.</summary>
internal sealed class SetRunner : StoredSet
{
    private readonly ViewSetPlace _place;
    private volatile Subscription? _subscription;
    private long _stalledBuild = -1;
    // The build that served when the set was last resumed for another one.
    private long _resumedFor;

    internal SetRunner(ViewContext context, ViewSet set) : base(context, set) => _place = new(context, set, Reader) { Progress = FirstBuild, Written = Changes.Wake };

    protected override bool IsWrittenHere => _subscription is { State: not (SubscriptionState.Standby or SubscriptionState.Stopped) };

    /// <summary>The subscription has changed its state. Called on its loop.</summary>
    internal void StateChanged(SubscriptionState state, Exception? error)
    {
        if (state is SubscriptionState.Paused or SubscriptionState.Faulted)
        {
            Volatile.Write(ref _stalledBuild, _place.Serving);
            _place.ReportStall(error is null ? "paused by a call" : ExceptionText.MessageOf(error));
        }
        else
        {
            Volatile.Write(ref _stalledBuild, -1);
            if (state == SubscriptionState.CatchingUp) _place.ReportStall(null);
        }

        Changes.Wake();
    }

    internal override Task PauseAsync(CancellationToken cancellationToken) => Running().PauseAsync(cancellationToken);

    internal override Task ResumeAsync(CancellationToken cancellationToken) => Running().ResumeAsync(cancellationToken);

    internal override async ValueTask MaintainAsync(CancellationToken cancellationToken)
    {
        await ReplacedAsync(cancellationToken).ConfigureAwait(false);
        // A file that was deleted is built again.
        if (_subscription is { State: SubscriptionState.Live or SubscriptionState.CatchingUp } subscription && _place.IsMissing)
            await subscription.OnLoopAsync(static _ => default, cancellationToken).ConfigureAwait(false);
    }

    protected override async Task RunCoreAsync(CancellationToken cancellationToken)
    {
        var options = new SubscriptionOptions
        {
            CheckpointEvery = Context.Options.WriteEvery,
            OnFailure = new() { Then = AfterRetries.Pause, ShouldRetry = static error => error is EventSourcingException { IsTransient: true } },
            Place = _place,
        };
        _subscription = await Context.Host.StartAsync(SubscriptionName, new ViewHandler(Set, _place), options, cancellationToken).ConfigureAwait(false);
    }

    protected override async Task EndCoreAsync()
    {
        await _subscription!.DisposeAsync().ConfigureAwait(false);
        _subscription = null;
    }

    protected override Task WaitAsync(GlobalPosition position, CancellationToken cancellationToken) =>
        _subscription is { } subscription ? subscription.WaitForPositionAsync(position, cancellationToken) : base.WaitAsync(position, cancellationToken);

    protected override async ValueTask AdvanceAsync(GlobalPosition position, CancellationToken cancellationToken) => await PauseForOthersAsync(cancellationToken).ConfigureAwait(false);

    protected override Task RebuildKeyCoreAsync(Projection projection, int table, string key, CancellationToken cancellationToken) =>
        Running().OnLoopAsync(scope => _place.RebuildAsync(projection, table, key, scope), cancellationToken);

    protected override async ValueTask<ViewStatus> CompleteAsync(ViewStatus status, CancellationToken cancellationToken)
    {
        if (_subscription is not { } subscription) return status;
        var own = await subscription.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        return status with
        {
            State = own.State,
            StateCause = own.StateCause,
            Position = own is { State: SubscriptionState.Live or SubscriptionState.CatchingUp } && own.Position > status.Position ? own.Position : status.Position,
            LagTime = status.LagTime ?? subscription.Lag(Context.Time.GetUtcNow())?.Time,
            Rate = own.Rate,
            Stall = own.StateCause is { } cause ? ExceptionText.MessageOf(cause) : status.Stall,
            LastError = own.LastError ?? status.LastError,
        };
    }

    // Resumes a set that failed, when another build serves since: the reason may be gone with the old one.
    protected override async Task ReplacedAsync(CancellationToken cancellationToken)
    {
        if (_subscription is not { State: SubscriptionState.Faulted or SubscriptionState.Paused } subscription || Volatile.Read(ref _stalledBuild) is var stalled && stalled < 0) return;
        if (await Context.Directory.FindAsync(Set.Name, Set.Version, cancellationToken).ConfigureAwait(false) is not { Record.Serving: > 0 and var serving } || serving == stalled) return;
        if (_resumedFor == serving) return;
        _resumedFor = serving;
        await subscription.ResumeAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override Exception? FindNoBuild() => _subscription is { State: SubscriptionState.Paused or SubscriptionState.Faulted } subscription
        ? new SubscriptionException(SubscriptionName, GlobalPosition.Start, $"View set '{Set}' is not built: it is {subscription.State}.", subscription.FindCause())
        : null;

    // A view of another history, or a damaged one, is not read.
    protected override Exception? FindFailure() =>
        _subscription is { State: SubscriptionState.Faulted } subscription && subscription.FindCause() is { } cause and (LogDivergedException or StoreCorruptException or PositionOutOfRangeException) ? cause : null;

    private Subscription Running() => _subscription ?? throw NotRunning();
}
