using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Views.Building;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>One set in this process: registered, read, and run where it was started. Thread-safe.</summary>
internal sealed class SetRunner : ISnapshotSource, IDisposable
{
    // A version is retired days after it was last recorded as declared, at the earliest a minute.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20), s_registerInterval = TimeSpan.FromSeconds(20);

    private readonly ViewContext _context;
    private readonly ViewSetPlace _place;
    private readonly SemaphoreSlim _gate = new(1);
    private volatile Subscription? _subscription;
    private volatile ViewProgress? _building;
    // When the declaration was last recorded; 0 for never.
    private long _registeredAt;
    private long _stalledBuild = -1;
    // The build that served when the set was last resumed for another one.
    private long _resumedFor;
    // Under the gate: whether the set is to run until it is stopped, the calls for whose time it runs, and whether it may be started.
    private bool _isStarted, _isDisposed;
    private int _calls;

    internal SetRunner(ViewContext context, ViewSet set)
    {
        (_context, Set, SubscriptionName) = (context, set, set.SubscriptionName);
        Reader = new(context, set, FindFailure);
        _place = new(context, set, Reader) { Progress = new BuildProgress(this) };
    }

    internal ViewSet Set { get; }

    internal string SubscriptionName { get; }

    internal ServingReader Reader { get; }

    internal Subscription? Subscription => _subscription;

    internal ViewBuilder Builder => new(_context, Set);

    /// <summary>The last failure of the seldom work for the set; null when the last turn had none.</summary>
    internal Exception? MaintenanceError { get; set; }

    /// <summary>Records that the process declares the set, unless it did so lately.</summary>
    /// <exception cref="StoreConfigurationException">The version was removed since this process has recorded it.</exception>
    internal async ValueTask RegisterAsync(CancellationToken cancellationToken)
    {
        var registered = Volatile.Read(ref _registeredAt);
        if (registered != 0 && _context.Time.GetElapsedTime(registered) < s_registerInterval) return;
        // A version that was removed comes back by a start only, not by a process that still reads it.
        if (registered != 0) await _context.Directory.ThrowIfRemovedAsync(Set, cancellationToken).ConfigureAwait(false);
        await RegisterAsync(isToRun: false, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask RegisterAsync(bool isToRun, CancellationToken cancellationToken)
    {
        await _context.Directory.RegisterAsync(Set, Set.Describe(_context.Store.Types), isToRun, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _registeredAt, Math.Max(1, _context.Time.GetTimestamp()));
    }

    /// <summary>Starts the set until it is stopped, unless it runs.</summary>
    internal Task StartAsync(CancellationToken cancellationToken) => RunAsync(() => _isStarted = true, cancellationToken);

    /// <summary>Has the set run for the time of a call, which ends it by <see cref="EndCallAsync"/>.</summary>
    internal Task BeginCallAsync(CancellationToken cancellationToken) => RunAsync(() => _calls++, cancellationToken);

    /// <summary>Stops the set, unless it was started or another call needs it.</summary>
    internal async Task EndCallAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (--_calls == 0 && !_isStarted) await EndAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Stops the set, whatever needs it.</summary>
    /// <param name="forever">True where it must not be started again.</param>
    internal async Task StopAsync(bool forever)
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _isDisposed |= forever;
            _isStarted = false;
            await EndAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task RunAsync(Action running, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isDisposed) throw ServingReader.Disposed();
            if (_subscription is null)
            {
                await RegisterAsync(isToRun: true, cancellationToken).ConfigureAwait(false);
                var options = new SubscriptionOptions
                {
                    CheckpointEvery = _context.Options.WriteEvery,
                    OnFailure = new() { Then = AfterRetries.Pause, ShouldRetry = static error => error is EventSourcingException { IsTransient: true } },
                    Place = _place,
                };
                _subscription = await _context.Host.StartAsync(SubscriptionName, new ViewHandler(Set, _place), options, cancellationToken).ConfigureAwait(false);
            }

            running();
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task EndAsync()
    {
        if (_subscription is not { } subscription) return;
        await subscription.DisposeAsync().ConfigureAwait(false);
        _subscription = null;
    }

    /// <summary>Folds the document of one key again.</summary>
    internal Task RebuildAsync(Projection projection, int table, string key, CancellationToken cancellationToken) =>
        (_subscription ?? throw new InvalidOperationException($"View set '{Set}' does not run in this process. Start it first (EventViews.StartAsync)."))
        .OnLoopAsync(scope => _place.RebuildAsync(projection, table, key, scope), cancellationToken);

    /// <summary>Waits until the set has handled everything up to a position.</summary>
    /// <exception cref="SubscriptionException">The set is paused or faulted before it.</exception>
    internal async Task WaitAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        if (_subscription is { } subscription)
        {
            await subscription.WaitForPositionAsync(position, cancellationToken).ConfigureAwait(false);
            return;
        }

        for (var isFirst = true; !await IsDoneAsync(position, isFirst, cancellationToken).ConfigureAwait(false); isFirst = false)
            await Task.Delay(s_interval, _context.Time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until a build serves: where the log is empty, no position is waited for.</summary>
    /// <exception cref="SubscriptionException">The set is paused or faulted.</exception>
    internal async Task WaitForBuildAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using (var snapshot = await Reader.TryOpenAsync(cancellationToken).ConfigureAwait(false))
                if (snapshot is not null) return;
            if (_subscription is { State: SubscriptionState.Paused or SubscriptionState.Faulted } subscription)
                throw new SubscriptionException(SubscriptionName, GlobalPosition.Start, $"View set '{Set}' is not built: it is {subscription.State}.", subscription.FindCause());
            await Task.Delay(s_interval, _context.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    async ValueTask<SnapshotHold> ISnapshotSource.OpenAsync(GlobalPosition? at, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(at, cancellationToken).ConfigureAwait(false);
        return new(opened.Rows, opened);
    }

    internal async ValueTask<OpenSnapshot> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        if (at is { } position) await WaitAsync(position, cancellationToken).ConfigureAwait(false);
        return await Reader.OpenAsync(cancellationToken).ConfigureAwait(false);
    }

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
    }

    /// <summary>Resumes a set that failed, when another build serves since: the reason may be gone with the old one.</summary>
    internal async Task ResumeIfReplacedAsync(CancellationToken cancellationToken)
    {
        if (_subscription is not { State: SubscriptionState.Faulted or SubscriptionState.Paused } subscription || Volatile.Read(ref _stalledBuild) is var stalled && stalled < 0) return;
        if (await _context.Directory.FindAsync(Set.Name, Set.Version, cancellationToken).ConfigureAwait(false) is not { Record.Serving: > 0 and var serving } || serving == stalled) return;
        if (_resumedFor == serving) return;
        _resumedFor = serving;
        await subscription.ResumeAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens the place again when its file was deleted: it is built again then.</summary>
    internal async Task ReopenIfMissingAsync(CancellationToken cancellationToken)
    {
        if (_subscription is { State: SubscriptionState.Live or SubscriptionState.CatchingUp } subscription && _place.IsMissing)
            await subscription.OnLoopAsync(static _ => default, cancellationToken).ConfigureAwait(false);
    }

    internal async ValueTask<ViewStatus> GetStatusAsync(ViewRecord? record, GlobalPosition head, CancellationToken cancellationToken)
    {
        var status = _subscription is { } subscription ? await subscription.GetStatusAsync(cancellationToken).ConfigureAwait(false) : null;
        var id = record is { Serving: > 0 and var build } ? new ViewBuildId(Set.Name, Set.Version, build) : default;
        var path = id.Build > 0 ? _context.Directory.Storage.PathOf(id) : null;
        var (position, stall) = await ReadPlaceAsync(cancellationToken).ConfigureAwait(false);
        return new()
        {
            Set = Set.Name,
            Version = Set.Version,
            IsDeclared = true,
            State = status?.State,
            Build = id.Build,
            Position = status is { State: SubscriptionState.Live or SubscriptionState.CatchingUp } && status.Position > position ? status.Position : position,
            Head = head,
            LagTime = position >= head ? TimeSpan.Zero : _subscription?.Lag(_context.Time.GetUtcNow())?.Time,
            Rate = status?.Rate ?? 0,
            Building = id.Build == 0 ? _building : null,
            Stall = status?.StateCause is { } cause ? ExceptionText.MessageOf(cause) : stall,
            LastError = status?.LastError ?? MaintenanceError,
            HeldAt = record?.HeldAt,
            Path = path,
            Bytes = ViewDirectory.SizeOf(path),
        };
    }

    // The gate has nothing to dispose of, and calls that wait for it end by it.
    public void Dispose() => Reader.Dispose();

    private async ValueTask<(GlobalPosition Position, string? Stall)> ReadPlaceAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var snapshot = await Reader.TryOpenAsync(cancellationToken).ConfigureAwait(false);
            return snapshot is null ? default : (snapshot.Rows.Checkpoint.Position, snapshot.Rows.Stall);
        }
        catch (EventSourcingException e)
        {
            return (default, e.Message);
        }
    }

    private async ValueTask<bool> IsDoneAsync(GlobalPosition position, bool isFirst, CancellationToken cancellationToken)
    {
        using var snapshot = await Reader.OpenAsync(cancellationToken).ConfigureAwait(false);
        var reached = snapshot.Rows.Checkpoint.Position;
        if (reached >= position) return true;
        if (snapshot.Rows.Stall is { } stall) throw new SubscriptionException(SubscriptionName, reached, $"View set '{Set}' does not advance after position {reached}: {stall}", null);
        if (isFirst) return false;
        // Events that are not for the set move its checkpoint rarely.
        var read = new AllRead { Query = Set.Query.Resolve(_context.Store.Types), AfterPosition = reached, ThroughPosition = position, MaxCount = 1, IncludeTags = false };
        await foreach (var _ in _context.Store.Log.ReadEventsAsync(read, cancellationToken).ConfigureAwait(false)) return false;
        return true;
    }

    // A view of another history, or a damaged one, is not read.
    private Exception? FindFailure() =>
        _subscription is { State: SubscriptionState.Faulted } subscription && subscription.FindCause() is { } cause and (LogDivergedException or StoreCorruptException or PositionOutOfRangeException) ? cause : null;

    private sealed class BuildProgress(SetRunner runner) : IProgress<ViewProgress>
    {
        public void Report(ViewProgress value) => runner._building = value;
    }
}
