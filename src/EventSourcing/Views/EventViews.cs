using System.Runtime.CompilerServices;
using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Tracing;
using EventSourcing.Views;
using EventSourcing.Views.Building;
using EventSourcing.Views.Declaring;
using EventSourcing.Views.Running;
using EventSourcing.Views.Serving;
using EventSourcing.Views.Tallies;

namespace EventSourcing;

/// <summary>The views of a store: runs projections, reads what they have produced, rebuilds and verifies it. Thread-safe.</summary>
/// <remarks>
/// Each view set has a place of its own beside the log: a file on SQLite, memory for a log in memory. It is written with its checkpoint in one transaction, so each event is handled exactly once, and appends share no lock with it. In all processes together one runs a set at a time, by a lease; every process reads it.
/// A process that only reads need not start anything.
/// </remarks>
/// <example><code>
/// await using var views = new EventViews(store, [new OrderList(), new SalesByCountry()]);
/// await views.StartAsync();
/// OrderRow? row = await views.View&lt;OrderRow&gt;().At(paid.Position).FindAsync("42");
/// </code></example>
public sealed class EventViews : IAsyncDisposable, IDisposable
{
    private readonly EventBus _bus;
    private readonly bool _ownsBus;
    private readonly ViewContext _context;
    // Null where the log keeps no views in itself.
    private readonly ViewContext? _inline;
    private readonly SetHost[] _sets;
    private readonly Maintenance _maintenance;
    private Action<ViewBuildChange>? _buildChanged;
    private int _isDisposed;

    /// <summary>Views on a store.</summary>
    /// <param name="store">The store; stays the caller's, who disposes it after the views.</param>
    /// <param name="sets">The sets; a <see cref="Projection"/> converts to a set of its own.</param>
    /// <param name="options">The settings; null for the defaults. Copied.</param>
    /// <exception cref="ArgumentException">Two sets or two projections have one name, or an option is out of its range.</exception>
    /// <exception cref="UnknownEventTypeException">A projection handles a CLR type that the type map does not have.</exception>
    /// <exception cref="StoreConfigurationException">The log keeps no views.</exception>
    public EventViews(IEventStore store, IEnumerable<ViewSet> sets, EventViewsOptions? options = null) : this(new EventBus(store), sets, options) => _ownsBus = true;

    /// <summary>Views whose sets run on a bus: with its leases, its clock, and among its <see cref="EventBus.Subscriptions"/>.</summary>
    /// <param name="bus">The bus; stays the caller's, who disposes it after the views.</param>
    /// <param name="sets">The sets; a <see cref="Projection"/> converts to a set of its own.</param>
    /// <param name="options">The settings; null for the defaults. Copied.</param>
    /// <exception cref="ArgumentException">Two sets or two projections have one name, or an option is out of its range.</exception>
    /// <exception cref="UnknownEventTypeException">A projection handles a CLR type that the type map does not have.</exception>
    /// <exception cref="StoreConfigurationException">The log keeps no views.</exception>
    public EventViews(EventBus bus, IEnumerable<ViewSet> sets, EventViewsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(sets);
        _bus = bus;
        var (store, host) = (bus.Host.Store, bus.Host);
        var storage = store.Log.Find<IViewStorage>()
            ?? throw new StoreConfigurationException($"The log {store.Log.GetType()} keeps no views: it has no {nameof(IViewStorage)}. Use a log that has it, or let the decorating log forward Find<T>().");
        _context = new(store, host, new(store.Log, storage, host.Options.TimeProvider), (options ?? new()).Validated())
        {
            BuildChanged = change =>
            {
                if (Volatile.Read(ref _buildChanged) is { } handlers) Observers.Tell(handlers, change);
            },
        };
        Sets = [.. sets];
        ThrowIfAmbiguous(Sets);
        if (Sets.SelectMany(set => set.Projections).OfType<TableProjection>().FirstOrDefault(projection => !projection.Tables.IsKeptBy(storage)) is { } stranger)
            throw new StoreConfigurationException($"Projection '{stranger.Name}' has tables of its own, and the log {store.Log.GetType()} keeps no such tables: {stranger.GetType().BaseType} is for another log. Use a log of its package.");
        // A projection whose events are not in the type map is found here, and not where it is started.
        foreach (var set in Sets) _ = set.Describe(store.Types);
        var inline = store.Log.Find<IInlineViews>();
        if (inline is not null) _inline = _context with { Directory = new(store.Log, inline.Storage, host.Options.TimeProvider) };
        _sets = [.. Sets.Select(set => NewHost(set, inline))];
        _maintenance = new(_context, () => [.. _sets.OfType<StoredSet>().Where(set => set.IsRunning)], RemoveVersionAsync);
        host.StateChanged += OnStateChanged;
    }

    /// <summary>The sets that were declared.</summary>
    public IReadOnlyList<ViewSet> Sets { get; }

    /// <summary>Raised when a build of a set begins and when it ends in this process: the first one of a version, and a rebuild. Changes of a set's state are raised by <see cref="EventBus.StateChanged"/>, under <see cref="ViewSet.SubscriptionName"/>.</summary>
    /// <remarks>Raised by the build; a handler must be short. An exception of a handler has no effect; it is counted as <see cref="EventSourcingTelemetry.ObserverFailures"/>.</remarks>
    /// <exception cref="ArgumentException">The delegate is asynchronous, or one of several that it combines is: nothing would wait for it.</exception>
    public event Action<ViewBuildChange>? BuildChanged
    {
        add
        {
            if (value is not null) SynchronousDelegate.ThrowIfAsync(value, nameof(BuildChanged));
            _buildChanged += value;
        }

        remove => _buildChanged -= value;
    }

    /// <summary>Starts every set: it is built where it has no build yet, and then follows the log. Sets that run are left as they are.</summary>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <returns>When the sets are registered and started; builds may still be going on.</returns>
    /// <exception cref="ViewDeclarationException">A declaration has changed without a new version, or a version is lower than one that exists. The sets before it in <see cref="Sets"/> are started.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        foreach (var set in _sets) await set.StartAsync(cancellationToken).ConfigureAwait(false);
        _maintenance.Start();
    }

    /// <summary>Brings every set up to the present head, and returns when it is there: for tests and tools. A set that does not run is run for the time of the call.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SubscriptionException">A set is paused or faulted; the inner exception says why, a <see cref="ViewException"/> where a handler failed.</exception>
    /// <exception cref="ViewDeclarationException">As for <see cref="StartAsync"/>.</exception>
    public async Task CatchUpAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        foreach (var set in _sets) await set.CatchUpAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A view to read.</summary>
    /// <typeparam name="TRow">The document.</typeparam>
    /// <param name="projection">The projection's name; null where only one projection has this document.</param>
    /// <exception cref="ArgumentException">There is no such projection, or there are several.</exception>
    public IView<TRow> View<TRow>(string? projection = null) where TRow : class
    {
        var (set, found, table) = ProjectionLookup.Find<TRow>(Sets, projection);
        return Find(set.Name).View(found, table);
    }

    /// <summary>Opens a snapshot of a set, to read several of its views at one point in time.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="at">A position that the set must have handled; null for none.</param>
    /// <param name="cancellationToken">Ends waits.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    public async ValueTask<ViewSnapshot> OpenSnapshotAsync(string set, GlobalPosition? at = null, CancellationToken cancellationToken = default)
    {
        var found = Find(set);
        return new(found.Set, await found.OpenAsync(at, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Waits until a set has handled everything up to a position.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="position">A position of the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="SubscriptionException">The set is paused or faulted before the position.</exception>
    public async Task WaitForPositionAsync(string set, GlobalPosition position, CancellationToken cancellationToken = default) =>
        await Find(set).WaitForPositionAsync(position, cancellationToken).ConfigureAwait(false);

    /// <summary>The status of every declared set, and of every other version that the log knows of.</summary>
    /// <param name="cancellationToken">Ends the read.</param>
    public async ValueTask<IReadOnlyList<ViewStatus>> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var head = await _context.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var records = await _context.Directory.ReadAllAsync(cancellationToken).ConfigureAwait(false);
        var all = new List<ViewStatus>();
        foreach (var host in _sets)
        {
            var record = records.FirstOrDefault(r => r.Set == host.Set.Name && r.Version == host.Set.Version).Record;
            all.Add(await host.GetStatusAsync(record, head, cancellationToken).ConfigureAwait(false));
        }

        foreach (var (set, version, record, _) in records)
        {
            if (Sets.Any(s => s.Name == set && s.Version == version)) continue;
            var path = record.Serving > 0 ? _context.Directory.Storage.PathOf(new(set, version, record.Serving)) : null;
            all.Add(new() { Set = set, Version = version, Build = record.Serving, Head = head, HeldAt = record.HeldAt, Path = path, Bytes = ViewDirectory.SizeOf(path) });
        }

        return all;
    }

    /// <summary>Builds a set again in a place of its own, which then replaces the present one; that serves meanwhile. Cancelled or failed, it leaves the present one as it was. One that was cancelled or killed continues where it was when it is called again by the same compiled code.</summary>
    /// <remarks>Ready for a view that is damaged, that belongs to another history, or that a handler has left wrong. One process at a time builds a set: the call waits for another one.</remarks>
    /// <param name="set">The set's name.</param>
    /// <param name="progress">Called about ten times a second, on any thread; null for none.</param>
    /// <param name="cancellationToken">Ends the rebuild.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="ViewException">A handler failed.</exception>
    /// <exception cref="LeaseLostException">This process was suspended or busy for longer than the lease timeout, and another one may build the set. The present build serves; call again.</exception>
    public async Task RebuildAsync(string set, IProgress<ViewProgress>? progress = null, CancellationToken cancellationToken = default) =>
        await Find(set).RebuildAsync(progress, cancellationToken).ConfigureAwait(false);

    /// <summary>Builds the document of one key again, from the events of its stream or tag, while the set runs in this process.</summary>
    /// <param name="projection">The projection's name.</param>
    /// <param name="key">The key; one without events loses its document.</param>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <exception cref="ArgumentException">There is no such projection.</exception>
    /// <exception cref="NotSupportedException">The document cannot be built from the events of one key: the key is not declared by <see cref="Projection{TRow}.KeyIsStream"/> or <see cref="Projection{TRow}.KeyIsTag"/>, or handlers look other documents up.</exception>
    /// <exception cref="InvalidOperationException">The set is not active in this process.</exception>
    /// <exception cref="ViewException">A handler failed. The document is as it was.</exception>
    public async Task RebuildKeyAsync(string projection, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(projection);
        RecordKey.ThrowIfInvalid(key);
        var (set, found, table) = Sets.SelectMany(s => s.Projections.Select((p, t) => (s, p, t))).FirstOrDefault(p => p.p.Name == projection);
        if (found is null) throw new ArgumentException($"There is no projection '{projection}'.", nameof(projection));
        await Find(set.Name).RebuildKeyAsync(found, table, key, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Replays the log into a place of its own and compares every document of a set with it. The view serves and advances meanwhile.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="progress">Called about ten times a second, on any thread; null for none.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="ViewBuildingException">The set has no complete build.</exception>
    /// <exception cref="ViewException">A handler failed in the replay.</exception>
    /// <exception cref="LeaseLostException">This process was suspended or busy for longer than the lease timeout. Call again.</exception>
    public async Task<ViewVerification> VerifyAsync(string set, IProgress<ViewProgress>? progress = null, CancellationToken cancellationToken = default) =>
        await Find(set).VerifyAsync(progress, cancellationToken).ConfigureAwait(false);

    /// <summary>The documents of a view that are not the same at two points in the past. The set is built through both in a temporary place, which is removed when the sequence ends; the view is neither read nor needed.</summary>
    /// <remarks>Costs one replay of the log through the later point. Progress and memory are those of a rebuild. While the sequence is read, a rebuild and a verification of the set wait for its end: do not call them inside the loop.</remarks>
    /// <typeparam name="TRow">The document; <see cref="TallyRow"/> for a tally.</typeparam>
    /// <param name="before">The first point. A position or a time: a version belongs to one stream.</param>
    /// <param name="after">The second point; it may lie before the first.</param>
    /// <param name="projection">The projection's name; null where only one projection has this document.</param>
    /// <param name="progress">Called about ten times a second, on any thread; null for none.</param>
    /// <param name="cancellationToken">Ends the sequence.</param>
    /// <returns>The documents that differ, with both forms, in order of the keys' UTF-8. Compared as JSON, as stored.</returns>
    /// <exception cref="ArgumentException">There is no such projection, or there are several; or a point is a version.</exception>
    /// <exception cref="NotSupportedException">The set is live.</exception>
    /// <exception cref="PositionOutOfRangeException">A position lies beyond the head.</exception>
    /// <exception cref="ViewException">A handler failed in the replay.</exception>
    /// <exception cref="LeaseLostException">This process was suspended or busy for longer than the lease timeout. Call again.</exception>
    /// <example><c>await foreach (var order in views.DifferenceAsync&lt;OrderRow&gt;(AsOf.Time(monday), AsOf.Time(friday))) …</c></example>
    public IAsyncEnumerable<RowDifference<TRow>> DifferenceAsync<TRow>(AsOf before, AsOf after, string? projection = null, IProgress<ViewProgress>? progress = null, CancellationToken cancellationToken = default)
        where TRow : class
    {
        var (set, found, table) = ProjectionLookup.Find<TRow>(Sets, projection);
        var host = Find(set.Name);
        if (host is LiveSet live) throw live.NothingStored("has no differences");
        return DifferAsync((StoredSet)host, found, table, before, after, progress, cancellationToken);
    }

    /// <summary>What a part of the log counts for in a tally: the difference of the tally between two points in time. Reads and folds the events of that part; the view is neither read nor needed.</summary>
    /// <param name="tally">The tally's name.</param>
    /// <param name="range">The part of the log: after and through a position or a time, and a filter.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>A row for each key that an event of the part counts for, in order of the keys' UTF-8. All of them are held in memory. Sums are those of the part, so that a sum through its end is the sum before it plus this one; a minimum and a maximum are those of the part.</returns>
    /// <exception cref="ArgumentException">There is no such tally, or an option is out of its range.</exception>
    /// <exception cref="ViewException">A function of the tally failed, or a result is out of its range.</exception>
    public async Task<IReadOnlyList<TallyRow>> TallyAsync(string tally, ReadAllOptions range, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tally);
        ArgumentNullException.ThrowIfNull(range);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        var tallies = Sets.SelectMany(set => set.Projections).OfType<Tally>().ToList();
        var found = tallies.Find(t => t.Name == tally) ?? throw new ArgumentException($"There is no tally '{tally}'. There are: {string.Join(", ", tallies.Select(t => t.Name))}.", nameof(tally));
        return await TallyOfRange.ReadAsync(found, _context.Store, range, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Pauses a set that is active in this process: it is read as it is and does not advance.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="InvalidOperationException">The set is not active in this process.</exception>
    public Task PauseAsync(string set, CancellationToken cancellationToken = default) => Find(set).PauseAsync(cancellationToken);

    /// <summary>Continues a set after a pause or a failure.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentException">There is no such set.</exception>
    /// <exception cref="InvalidOperationException">The set is not active in this process.</exception>
    public Task ResumeAsync(string set, CancellationToken cancellationToken = default) => Find(set).ResumeAsync(cancellationToken);

    /// <summary>Removes a version of a set that no program declares any more: its record and its places. A process that still runs it stops with an error.</summary>
    /// <param name="set">The set's name.</param>
    /// <param name="version">The version.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>False when there was none.</returns>
    /// <exception cref="InvalidOperationException">The version is declared here.</exception>
    public async Task<bool> RemoveAsync(string set, int version, CancellationToken cancellationToken = default)
    {
        ViewNames.ThrowIfInvalidSet(set, nameof(set));
        if (Sets.Any(s => s.Name == set && s.Version == version)) throw new InvalidOperationException($"Version {version} of view set '{set}' is declared in this program. Remove another version, or rebuild this one.");
        return await RemoveVersionAsync(set, version, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops every set that was started here, as the host does before it stops. Views are still read, as they are or as another process continues them; sets can be started again.</summary>
    /// <param name="cancellationToken">Ends the wait; stopping continues.</param>
    /// <returns>When documents and checkpoints are written and leases are given back. One that fails to stop does not keep another from being stopped.</returns>
    /// <exception cref="SubscriptionException">A handler does not return; see <see cref="Subscription.DisposeAsync"/>.</exception>
    public Task StopAsync(CancellationToken cancellationToken = default) => _isDisposed != 0 ? Task.CompletedTask : StopAllAsync(forever: false).WaitAsync(cancellationToken);

    /// <summary>Stops every set that was started here. What is written stays.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _maintenance.DisposeAsync().ConfigureAwait(false);
        await StopAllAsync(forever: true).ConfigureAwait(false);
        _bus.Host.StateChanged -= OnStateChanged;
        foreach (var set in _sets) set.Dispose();
        if (_ownsBus) await _bus.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Stops every set as <see cref="DisposeAsync"/> does and blocks until it is done.</summary>
    /// <exception cref="TimeoutException">A set does not stop. Stopping continues in the background.</exception>
    public void Dispose() => BlockingDisposal.Run(DisposeAsync, _bus.Host.Options.MaxStopTime + EventBusOptions.StopGrace, nameof(EventViews));

    private async IAsyncEnumerable<RowDifference<TRow>> DifferAsync<TRow>(
        StoredSet host, IRowDeclaration<TRow> projection, int table, AsOf before, AsOf after, IProgress<ViewProgress>? progress, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TRow : class
    {
        await host.RegisterAsync(cancellationToken).ConfigureAwait(false);
        var from = await _context.Store.Log.FindPositionAsync(before, null, cancellationToken).ConfigureAwait(false);
        var to = await _context.Store.Log.FindPositionAsync(after, null, cancellationToken).ConfigureAwait(false);
        if (from == to) yield break;
        var (first, second) = from < to ? (from, to) : (to, from);
        // In a place beside the log, for inline sets too: nothing is written to the log's own file.
        await foreach (var pair in new ViewBuilder(_context, host.Set).CompareAsync(table, first, second, progress, cancellationToken).ConfigureAwait(false))
        {
            TRow? one = Decode(pair.First), other = Decode(pair.Second);
            yield return from < to ? new(pair.Key, one, other) : new(pair.Key, other, one);
        }

        TRow? Decode(StoredViewRow? row) => row is { } stored ? RowDecoder.Decode(projection, stored.Key, stored.Json.Span) : null;
    }

    private Task StopAllAsync(bool forever) => Tasks.AfterAllAsync(_sets.Select(set => set.StopAsync(forever)));

    private void OnStateChanged(string name, SubscriptionState state, Exception? error) => _sets.OfType<SetRunner>().FirstOrDefault(set => set.SubscriptionName == name)?.StateChanged(state, error);

    private SetHost NewHost(ViewSet set, IInlineViews? inline) => set.Mode switch
    {
        ViewMode.Live => new LiveSet(_context, set),
        ViewMode.Inline when inline is null => throw new StoreConfigurationException($"View set '{set}' is inline, and the log {_context.Store.Log.GetType()} keeps no views in itself: it has no {nameof(IInlineViews)}. Use another mode, another log, or let the decorating log forward Find<T>()."),
        ViewMode.Inline => new InlineSet(_inline!, set, inline),
        _ => new SetRunner(_context, set),
    };

    private async ValueTask<bool> RemoveVersionAsync(string set, int version, CancellationToken cancellationToken)
    {
        var isFound = await _context.Directory.RemoveAsync(set, version, cancellationToken).ConfigureAwait(false);
        return _inline is not null && await _inline.Directory.RemoveAsync(set, version, cancellationToken).ConfigureAwait(false) || isFound;
    }

    private SetHost Find(string set)
    {
        ArgumentNullException.ThrowIfNull(set);
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        return Array.Find(_sets, host => host.Set.Name == set)
            ?? throw new ArgumentException($"There is no view set '{set}'. There are: {string.Join(", ", Sets.Select(s => s.Name))}.", nameof(set));
    }

    private static void ThrowIfAmbiguous(IReadOnlyList<ViewSet> sets)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var set in sets)
        {
            ArgumentNullException.ThrowIfNull(set, nameof(sets));
            if (!names.Add(set.Name)) throw new ArgumentException($"Two view sets have the name '{set.Name}'.", nameof(sets));
        }

        names.Clear();
        foreach (var projection in sets.SelectMany(set => set.Projections))
            if (!names.Add(projection.Name)) throw new ArgumentException($"Two projections have the name '{projection.Name}'.", nameof(sets));
    }
}
