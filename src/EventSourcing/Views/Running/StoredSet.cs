using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Views.Building;
using EventSourcing.Views.Changes;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Running;

/// <summary>One set with stored documents in this process: registered, read, and run where it was started. Thread-safe.</summary>
internal abstract class StoredSet : SetHost, ISnapshotSource, IChangeSource
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20), s_registerInterval = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _gate = new(1);
    private volatile ViewProgress? _building;
    // When the declaration was last recorded; 0 for never.
    private long _registeredAt;
    // Under the gate: whether the set runs, whether it is to run until it is stopped, the calls for whose time it runs, and whether it may be started.
    private bool _isRunning, _isStarted, _isDisposed;
    private int _calls;

    protected StoredSet(ViewContext context, ViewSet set) : base(set)
    {
        (Context, Reader) = (context, new(context, set, FindFailure));
        Changes = new(this, context);
    }

    internal ServingReader Reader { get; }

    /// <summary>Waits for new changes.</summary>
    internal ChangeFeed Changes { get; }

    ChangeFeed? ISnapshotSource.Changes => Changes;

    ViewSet IChangeSource.Set => Set;

    bool IChangeSource.IsWrittenHere => IsWrittenHere;

    internal ViewDirectory Directory => Context.Directory;

    internal ViewBuilder Builder => new(Context, Set);

    /// <summary>True while the set runs in this process.</summary>
    internal bool IsRunning => Volatile.Read(ref _isRunning);

    /// <summary>The last failure of the seldom work for the set; null when the last turn had none.</summary>
    internal Exception? MaintenanceError { get; set; }

    protected ViewContext Context { get; }

    /// <summary>True where this process writes the set and wakes the readers that wait for its changes.</summary>
    protected virtual bool IsWrittenHere => false;

    /// <summary>Receives the progress of the first build.</summary>
    protected IProgress<ViewProgress> FirstBuild => new BuildProgress(this);

    /// <summary>Starts the set, which is registered. Under the gate.</summary>
    protected abstract Task RunCoreAsync(CancellationToken cancellationToken);

    /// <summary>Stops the set. Under the gate.</summary>
    protected abstract Task EndCoreAsync();

    /// <summary>Has the set handle everything up to a position, if this process can do something for it, or waits for a short time.</summary>
    /// <exception cref="SubscriptionException">The set is paused or faulted before it.</exception>
    protected abstract ValueTask AdvanceAsync(GlobalPosition position, CancellationToken cancellationToken);

    /// <summary>Why the set cannot be read in this process; null when it can.</summary>
    protected virtual Exception? FindFailure() => null;

    /// <summary>What only this way of running knows of the set's state.</summary>
    protected abstract ValueTask<ViewStatus> CompleteAsync(ViewStatus status, CancellationToken cancellationToken);

    /// <summary>Does the seldom work that keeps the set running.</summary>
    internal abstract ValueTask MaintainAsync(CancellationToken cancellationToken);

    /// <summary>Another build may serve.</summary>
    protected virtual Task ReplacedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Folds the document of one key again.</summary>
    protected abstract Task RebuildKeyCoreAsync(Projection projection, int table, string key, CancellationToken cancellationToken);

    /// <summary>Records that the process declares the set, unless it did so lately.</summary>
    /// <exception cref="StoreConfigurationException">The version was removed since this process has recorded it.</exception>
    internal async ValueTask RegisterAsync(CancellationToken cancellationToken)
    {
        var registered = Volatile.Read(ref _registeredAt);
        if (registered != 0 && Context.Time.GetElapsedTime(registered) < s_registerInterval) return;
        // A version that was removed comes back by a start only, not by a process that still reads it.
        if (registered != 0) await Context.Directory.ThrowIfRemovedAsync(Set, cancellationToken).ConfigureAwait(false);
        await RegisterAsync(isToRun: false, cancellationToken).ConfigureAwait(false);
    }

    internal override Task StartAsync(CancellationToken cancellationToken) => RunAsync(() => _isStarted = true, cancellationToken);

    internal override async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await RunAsync(() => _calls++, cancellationToken).ConfigureAwait(false);
        try
        {
            await WaitAsync(await Context.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
            await WaitForBuildAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await EndCallAsync().ConfigureAwait(false);
        }
    }

    internal override async Task StopAsync(bool forever)
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

    internal override async Task WaitForPositionAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        await WaitAsync(position, cancellationToken).ConfigureAwait(false);
    }

    internal override async Task RebuildAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        await Builder.RebuildAsync(progress, cancellationToken).ConfigureAwait(false);
        Changes.Wake();
        await ReplacedAsync(cancellationToken).ConfigureAwait(false);
    }

    internal override Task RebuildKeyAsync(Projection projection, int table, string key, CancellationToken cancellationToken)
    {
        if (projection.NotByKey is { } reason) throw new NotSupportedException($"A document of projection '{projection.Name}' cannot be built by itself: {reason}. Rebuild the set '{Set.Name}'.");
        return RebuildKeyCoreAsync(projection, table, key, cancellationToken);
    }

    internal override async Task<ViewVerification> VerifyAsync(IProgress<ViewProgress>? progress, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        return await Builder.VerifyAsync(progress, cancellationToken).ConfigureAwait(false);
    }

    internal override IView<TRow> View<TRow>(IRowDeclaration<TRow> projection, int table) => new View<TRow>(projection, table, this, null);

    async ValueTask<SnapshotHold> ISnapshotSource.OpenAsync(GlobalPosition? at, CancellationToken cancellationToken)
    {
        var opened = await OpenAsync(at, cancellationToken).ConfigureAwait(false);
        return new(opened.Rows, opened);
    }

    internal override async ValueTask<OpenSnapshot> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        if (at is { } position) await WaitAsync(position, cancellationToken).ConfigureAwait(false);
        return await Reader.OpenAsync(cancellationToken).ConfigureAwait(false);
    }

    ValueTask<OpenSnapshot> IChangeSource.OpenAsync(GlobalPosition? at, CancellationToken cancellationToken) => OpenAsync(at, cancellationToken);

    async ValueTask<OpenSnapshot?> IChangeSource.TryOpenAsync(CancellationToken cancellationToken)
    {
        await RegisterAsync(cancellationToken).ConfigureAwait(false);
        return await Reader.TryOpenAsync(cancellationToken).ConfigureAwait(false);
    }

    internal override async ValueTask<ViewStatus> GetStatusAsync(ViewRecord? record, GlobalPosition head, CancellationToken cancellationToken)
    {
        var id = record is { Serving: > 0 and var build } ? new ViewBuildId(Set.Name, Set.Version, build) : default;
        var path = id.Build > 0 ? Context.Directory.Storage.PathOf(id) : null;
        var (position, stall) = await ReadPlaceAsync(cancellationToken).ConfigureAwait(false);
        return await CompleteAsync(
            new()
            {
                Set = Set.Name,
                Version = Set.Version,
                Mode = Set.Mode,
                IsDeclared = true,
                Build = id.Build,
                Position = position,
                Head = head,
                LagTime = position >= head ? TimeSpan.Zero : null,
                Building = id.Build == 0 ? _building : null,
                Stall = stall,
                LastError = MaintenanceError,
                HeldAt = record?.HeldAt,
                Path = path,
                Bytes = ViewDirectory.SizeOf(path),
            }, cancellationToken).ConfigureAwait(false);
    }

    // The gate has nothing to dispose of, and calls that wait for it end by it.
    public override void Dispose()
    {
        Reader.Dispose();
        Changes.Wake();
    }

    /// <summary>Waits until the set has handled everything up to a position.</summary>
    /// <exception cref="SubscriptionException">The set is paused or faulted before it.</exception>
    protected virtual async Task WaitAsync(GlobalPosition position, CancellationToken cancellationToken)
    {
        for (var isFirst = true; !await IsDoneAsync(position, isFirst, cancellationToken).ConfigureAwait(false); isFirst = false)
            await AdvanceAsync(position, cancellationToken).ConfigureAwait(false);
    }

    protected InvalidOperationException NotRunning() => new($"View set '{Set.Name}' does not run in this process. Start it first (EventViews.StartAsync).");

    protected Task PauseForOthersAsync(CancellationToken cancellationToken) => Task.Delay(s_interval, Context.Time, cancellationToken);

    protected SubscriptionException Stalled(GlobalPosition reached, string stall, Exception? cause) => new(SubscriptionName, reached, $"View set '{Set}' does not advance after position {reached}: {stall}", cause);

    // Where the log is empty, no position is waited for.
    private async Task WaitForBuildAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            using (var snapshot = await Reader.TryOpenAsync(cancellationToken).ConfigureAwait(false))
                if (snapshot is not null) return;
            if (FindNoBuild() is { } error) throw error;
            await PauseForOthersAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Why this process does not build the set; null when it does.</summary>
    protected virtual Exception? FindNoBuild() => null;

    private async ValueTask RegisterAsync(bool isToRun, CancellationToken cancellationToken)
    {
        await Context.Directory.RegisterAsync(Set, Set.Describe(Context.Store.Types), isToRun, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _registeredAt, Math.Max(1, Context.Time.GetTimestamp()));
    }

    private async Task RunAsync(Action running, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isDisposed) throw ServingReader.Disposed();
            if (!_isRunning)
            {
                await RegisterAsync(isToRun: true, cancellationToken).ConfigureAwait(false);
                await RunCoreAsync(cancellationToken).ConfigureAwait(false);
                Volatile.Write(ref _isRunning, true);
            }

            running();
        }
        finally
        {
            _gate.Release();
        }
    }

    // Stops the set, unless it was started or another call needs it.
    private async Task EndCallAsync()
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

    private async Task EndAsync()
    {
        if (!_isRunning) return;
        await EndCoreAsync().ConfigureAwait(false);
        Volatile.Write(ref _isRunning, false);
    }

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
        if (snapshot.Rows.Stall is { } stall) throw Stalled(reached, stall, null);
        if (isFirst) return false;
        // Events that are not for the set move its checkpoint rarely.
        var read = new AllRead { Query = Set.Query.Resolve(Context.Store.Types), AfterPosition = reached, ThroughPosition = position, MaxCount = 1, IncludeTags = false };
        await foreach (var _ in Context.Store.Log.ReadEventsAsync(read, cancellationToken).ConfigureAwait(false)) return false;
        return true;
    }

    private sealed class BuildProgress(StoredSet set) : IProgress<ViewProgress>
    {
        public void Report(ViewProgress value) => set._building = value;
    }
}
