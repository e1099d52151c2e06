using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions;
using EventSourcing.Subscriptions.Monitoring;
using EventSourcing.Subscriptions.Parking;
using EventSourcing.Subscriptions.Running;

namespace EventSourcing;

/// <summary>A durable subscription that was started in this process. Thread-safe. Disposing it stops it; started again under its name, it resumes after its checkpoint.</summary>
/// <remarks>
/// A handler must not wait for its own subscription. <see cref="DisposeAsync"/> may be called there, and does not wait; the other methods that wait for the subscription throw
/// <see cref="InvalidOperationException"/> at once, also where the handler waits through the handler of another subscription. So do filters, keys, effects and state changes. Work that a handler started and that outlives it may call all of them.
/// </remarks>
public sealed class Subscription : IAsyncDisposable
{
    // In order of urgency: the first state that a partition has is the subscription's.
    private static readonly SubscriptionState[] s_order =
        [SubscriptionState.Faulted, SubscriptionState.Paused, SubscriptionState.CatchingUp, SubscriptionState.Live, SubscriptionState.Standby, SubscriptionState.Stopped];

    private readonly SubscriptionHost _host;
    private readonly Runner[] _runners;
    private readonly SharedTail? _tail;
    private readonly Loop[] _loops;
    private readonly SemaphoreSlim _resetting = new(1);
    private Task _ended = Task.CompletedTask;
    private volatile Next? _next;

    internal Subscription(string name, SubscriptionHost host, Runner[] runners, SharedTail? tail) =>
        (Name, _host, _runners, _tail, _loops) = (name, host, runners, tail, [.. runners.Select(r => r.Loop)]);

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>Its state; of a partitioned one, the state that needs attention most.</summary>
    public SubscriptionState State => s_order[_runners.Min(r => Array.IndexOf(s_order, r.State))];

    /// <summary>How many of the 16 partitions are active in this process; 1 or 0 where the subscription is not partitioned.</summary>
    public int ActivePartitions => Active.Count();

    private IEnumerable<Runner> Active => _runners.Where(r => r.State is SubscriptionState.CatchingUp or SubscriptionState.Live or SubscriptionState.Paused);

    /// <summary>Reads its status.</summary>
    /// <param name="cancellationToken">Ends the read of the head.</param>
    public async ValueTask<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var head = await _host.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var runners = Active.ToArray() is { Length: > 0 } active ? active : _runners;
        var state = State;
        var shown = Array.Find(_runners, r => r.State == state) ?? _runners[0];
        var failed = Array.Find(_runners, r => r.LastError is not null && r.State == state) ?? Array.Find(_runners, r => r.LastError is not null);
        var parked = runners.Select(r => r.Parked.First).OfType<ParkedKeys.Oldest>().MinBy(o => (o.At, o.Position));
        var holder = shown.Holder;
        return new()
        {
            Name = Name,
            State = state,
            Position = runners.Min(r => r.Position),
            Head = head,
            Rate = _runners.Sum(r => r.Rate),
            Handled = _runners.Sum(r => r.Handled),
            Failures = _runners.Sum(r => r.Failures),
            Parked = runners.Sum(r => r.Parked.Count),
            ParkedSince = parked?.At,
            ParkedReason = parked?.Reason,
            LastError = failed?.LastError,
            LastErrorAt = failed?.LastErrorAt,
            StateCause = Array.Find(_runners, r => r.State == state && r.Cause is not null)?.Cause,
            LeaseOwner = holder.Owner,
            LeaseSilence = holder.Silence,
        };
    }

    /// <summary>The failure for which it, or one of its partitions, is paused or faulted; null where there is none.</summary>
    internal Exception? FindCause() => Array.Find(_runners, r => r.Cause is not null)?.Cause;

    /// <summary>How far it is behind; null where it is at work in another process, or in none.</summary>
    internal SubscriptionLag? Lag(DateTimeOffset now)
    {
        if (FarthestBehind is not { } last) return null;
        var (head, position) = (_host.Pages.Head, last.Position.ToInt64());
        if (position >= head) return new(Name, 0, TimeSpan.Zero);
        var begun = _runners.Where(r => r.Begun > 0 && r.Position.ToInt64() < head).Select(r => r.Begun);
        if (last.Begun == 0 && _next is { } next && next.After == position) begun = begun.Append(next.StoredAt);
        var oldest = begun.DefaultIfEmpty(long.MaxValue).Min();
        return new(Name, head - position, oldest < now.UtcTicks ? TimeSpan.FromTicks(now.UtcTicks - oldest) : TimeSpan.Zero);
    }

    /// <summary>Reads when the next event was stored, if no handler was called with it.</summary>
    internal async ValueTask ReadNextAsync(CancellationToken cancellationToken)
    {
        if (FarthestBehind is not { Begun: 0 } last || last.Position.ToInt64() is var position && (position >= _host.Pages.Head || _next?.After == position)) return;
        using var page = await _host.Pages.AskAsync(null, 1, position + 1, 0, ResumeToken.Start, cancellationToken).ConfigureAwait(false);
        if (!page.Events.IsEmpty) _next = new(position, page.Events[0].Timestamp.UtcTicks);
    }

    private Runner? FarthestBehind => _runners.Where(r => r.State is not (SubscriptionState.Standby or SubscriptionState.Stopped)).MinBy(r => r.Position);

    internal IReadOnlyCollection<Loop> Loops => _loops;

    /// <summary>Completes when the subscription has stopped and is removed from the list; never fails.</summary>
    internal Task Ended => _ended;

    /// <summary>Waits until everything up to a position is handled, parked or filtered out, with enlisted effects committed; in all partitions where it is partitioned.</summary>
    /// <remarks>
    /// Where another process is active (<see cref="SubscriptionState.Standby"/>), this method reads its checkpoint, at once and then as often as leases are renewed, so the wait ends
    /// about <see cref="SubscriptionOptions.CheckpointAfter"/> and a third of <see cref="EventBusOptions.LeaseTimeout"/> after the event is handled there. Where no process is active, it waits until one is.
    /// </remarks>
    /// <param name="position">A position of the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SubscriptionException">The subscription, or one of its partitions, is paused or faulted before the position, or becomes so meanwhile; the cause is the inner exception, null after a pause by a call.</exception>
    /// <exception cref="ObjectDisposedException">The subscription was stopped.</exception>
    /// <exception cref="InvalidOperationException">Called by the subscription's own handler for a position that is not done.</exception>
    public async Task WaitForPositionAsync(GlobalPosition position, CancellationToken cancellationToken = default)
    {
        if (Array.TrueForAll(_runners, r => r.IsDone(position))) return;
        using var own = LoopWaits.Begin(_loops, Name, nameof(WaitForPositionAsync));
        using var rest = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waits = _runners.Select(r => r.WaitForAsync(position, rest.Token)).ToList();
        try
        {
            // The first failure ends the wait, because the other waits may never end.
            while (waits.Count > 0)
            {
                var wait = await Task.WhenAny(waits).ConfigureAwait(false);
                await wait.ConfigureAwait(false);
                waits.Remove(wait);
            }
        }
        finally
        {
            rest.CancelQuietly(static _ => { });
            _ = Tasks.IgnoreAsync(Task.WhenAll(waits));
        }
    }

    /// <summary>Stops delivery after the current event and writes the checkpoint. The lease is kept, so no other process takes over.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <exception cref="InvalidOperationException">The subscription is not active in this process, its own handler calls, or the work of a transaction does.</exception>
    public Task PauseAsync(CancellationToken cancellationToken = default) => OnActiveAsync(nameof(PauseAsync), r => r.PauseAsync(cancellationToken));

    /// <summary>Continues after a pause or a fault, with new attempts for an event that failed. Has no effect where the subscription runs.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <exception cref="InvalidOperationException">The subscription is not active in this process, its own handler calls, or the work of a transaction does.</exception>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => OnActiveAsync(nameof(ResumeAsync), r => r.ResumeAsync(cancellationToken));

    /// <summary>Moves the checkpoint, backward or forward; of all partitions in one transaction. Events handled before are marked as replays (<see cref="DeliveryContext.IsReplay"/>); parked events stay parked.</summary>
    /// <remarks>
    /// A subscription that runs or is faulted continues from there. A paused one, by a call or after a failure, stays paused at the new place until <see cref="ResumeAsync"/>.
    /// The call waits for the handler that runs.
    /// </remarks>
    /// <param name="start">Where to continue.</param>
    /// <param name="cancellationToken">Ends the wait for handlers, and with it the reset: nothing is moved then. Once the transaction has begun, it has no effect.</param>
    /// <exception cref="InvalidOperationException">The subscription, or one of its partitions, is not active in this process, its own handler calls, or the work of a transaction does. Nothing was moved; so with every exception.</exception>
    /// <exception cref="LeaseLostException">A lease has passed on to another process.</exception>
    /// <exception cref="RecordConflictException">A checkpoint was changed by something else.</exception>
    public Task ResetAsync(StartFrom start, CancellationToken cancellationToken = default) => ResetAsync(start, null, null, cancellationToken);

    /// <summary>As <see cref="ResetAsync(StartFrom, CancellationToken)"/>, with work in the same transaction: clears what the handler has written and moves the checkpoint, or does neither.</summary>
    /// <typeparam name="TTransaction">The backend's type of transaction (<see cref="IUserTransactions{TTransaction}"/>).</typeparam>
    /// <param name="start">Where to continue.</param>
    /// <param name="work">Runs once, synchronously, on the writer, after the leases were checked; must be short and use nothing but the transaction. What it throws is thrown by the call.</param>
    /// <param name="cancellationToken">As in the other overload.</param>
    /// <exception cref="ArgumentException">The work is asynchronous.</exception>
    /// <exception cref="InvalidOperationException">As in the other overload, or the log has no transactions of this type. Nothing was moved and nothing of the work is kept; so with every exception.</exception>
    /// <example><code>await subscription.ResetAsync&lt;SqliteLogTransaction&gt;(StartFrom.Beginning, tx =&gt; { using var empty = tx.Connection.CreateCommand(); empty.CommandText = "DELETE FROM shipped"; empty.ExecuteNonQuery(); });</code></example>
    public Task ResetAsync<TTransaction>(StartFrom start, Action<TTransaction> work, CancellationToken cancellationToken = default) where TTransaction : class
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        var transactions = _host.Store.Log.Find<IUserTransactions<TTransaction>>()
            ?? throw new InvalidOperationException($"The reset needs a {typeof(TTransaction)}, and the log has no transactions of this type. Nothing was moved.");
        return ResetAsync(start, transactions, transaction => work((TTransaction)transaction), cancellationToken);
    }

    private async Task ResetAsync(StartFrom start, IUserTransactions<object>? transactions, Action<object>? work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (_runners[0].IsCheckpointOutside)
            throw new InvalidOperationException($"Subscription '{Name}' is not reset: its checkpoint is outside the log (SubscriptionOptions.LoadToken). Stop the subscription and change the token there.");
        using var own = LoopWaits.Begin(_loops, Name, nameof(ResetAsync));
        var position = (await start.ResolveAsync(_host.Store.Log, cancellationToken).ConfigureAwait(false)).Position;
        // Two resets that each wait for some of the runners would deadlock.
        await _resetting.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Array.Find(_runners, r => r.State is SubscriptionState.Standby or SubscriptionState.Stopped) is { } idle)
                throw new InvalidOperationException($"Subscription '{Name}' is not reset: part of it is {idle.State} in this process. Nothing was moved.");
            await ResetTogetherAsync(position, transactions, work, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _resetting.Release();
        }
    }

    private async Task ResetTogetherAsync(GlobalPosition position, IUserTransactions<object>? transactions, Action<object>? work, CancellationToken cancellationToken)
    {
        var reset = new SharedReset(_runners.Length);
        Task[] joined = [.. _runners.Select(r => r.JoinAsync(reset, position))];
        try
        {
            // A runner that ends before all others wait cannot be reset.
            var first = await Task.WhenAny([reset.AllWait, .. joined]).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (first != reset.AllWait) await first.ConfigureAwait(false);
            await MoveAsync(position, transactions, work).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            reset.Fail(e);
            _ = Tasks.IgnoreAsync(Task.WhenAll(joined));
            throw;
        }

        reset.Succeed();
        await Tasks.AfterAllAsync(joined).ConfigureAwait(false);
    }

    /// <summary>Moves all checkpoints in one write while the runners wait. The write is fenced by every lease and refused if a checkpoint was changed.</summary>
    private async ValueTask MoveAsync(GlobalPosition position, IUserTransactions<object>? transactions, Action<object>? work)
    {
        var write = new LogWrite
        {
            Requirements = [.. _runners.SelectMany(r => r.Lease.Requirements)],
            Changes = [.. _runners.Select(r => r.Reset(position))],
        };
        void Work(object transaction)
        {
            var outer = LoopWaits.EnterDelegate(_loops[0]);
            try
            {
                work!(transaction);
            }
            finally
            {
                LoopWaits.LeaveDelegate(outer);
            }
        }

        var written = transactions is null
            ? await _host.Store.Log.WriteAsync(write, CancellationToken.None).ConfigureAwait(false)
            : await transactions.WriteAsync(write, Work, CancellationToken.None).ConfigureAwait(false);
        if (written.Refusal is not { } refusal) return;
        if (refusal.Kind == LogRefusalKind.Requirement) throw _runners[refusal.Index].Lease.Error();
        throw new RecordConflictException(RecordKind.Checkpoint, write.Changes[refusal.Index].Key);
    }

    /// <summary>The parked events, by partition and key, those of a key in order: those in the log, and those that this process writes with its next checkpoint.</summary>
    /// <remarks>Read in pages of 256 events or 4 MiB, whatever is reached first. Of a record that is damaged the event is read from the log again; <see cref="ParkedEvent.Reason"/> names the record then, attempts and time are lost.</remarks>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="StoreCorruptException">A record is damaged and its event cannot be found in the log either. Thrown once all others are listed; it names the records.</exception>
    public IAsyncEnumerable<ParkedEvent> ReadParkedAsync(CancellationToken cancellationToken = default)
    {
        // Copied before the log is read: a record that is written meanwhile is found in both, never in neither.
        var waiting = Active.SelectMany(r => r.Parked.WaitingRecords).OrderBy(r => r.Key, Utf8Order.Instance);
        return _runners[0].Parked.Reader.ListAsync(Name + "/", waiting, cancellationToken);
    }

    /// <summary>Delivers the parked events of a key again, in order, before new events; stops at the first that fails again. When none is left, later events of the key are delivered.</summary>
    /// <param name="key">The key; the stream's name by default.</param>
    /// <param name="cancellationToken">Ends the wait for it; an event begun is finished.</param>
    /// <returns>How many were handled.</returns>
    /// <exception cref="InvalidOperationException">The key's partition is not active in this process, the subscription's own handler calls, or the work of a transaction does.</exception>
    public Task<int> RetryAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return OnKeyAsync(nameof(RetryAsync), key, runner => runner.RetryAsync(key, null), cancellationToken);
    }

    /// <summary>As <see cref="RetryAsync"/>, for every key of the partitions that are active in this process, one key after another. Between two keys, other events are delivered.</summary>
    /// <param name="through">Events up to this position only; null for all.</param>
    /// <param name="cancellationToken">Ends the wait for it; an event begun is finished.</param>
    /// <returns>How many were handled.</returns>
    /// <exception cref="InvalidOperationException">The subscription's own handler calls, or the work of a transaction does.</exception>
    public async Task<int> RetryAllAsync(GlobalPosition? through = null, CancellationToken cancellationToken = default)
    {
        using var own = LoopWaits.Begin(_loops, Name, nameof(RetryAllAsync));
        return (await Task.WhenAll(Active.Select(runner => RetryAllAsync(runner, through, cancellationToken))).ConfigureAwait(false)).Sum();
    }

    private async Task<int> RetryAllAsync(Runner runner, GlobalPosition? through, CancellationToken cancellationToken)
    {
        using var own = LoopWaits.Begin([runner.Loop], Name, nameof(RetryAllAsync));
        var (keys, handled) = (default(Queue<string>), 0);
        await runner.RequestInPartsAsync(async () =>
        {
            keys ??= new(runner.Parked.Keys);
            if (keys.TryDequeue(out var key)) handled += await runner.RetryAsync(key, through).ConfigureAwait(false);
            return keys.Count == 0;
        }, needsLease: true, cancellationToken).ConfigureAwait(false);
        return handled;
    }

    /// <summary>Removes the parked events of a key; they are never delivered again. When none is left, later events of the key are delivered.</summary>
    /// <param name="key">The key; the stream's name by default.</param>
    /// <param name="through">Events up to this position only; null for all.</param>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <returns>How many were removed.</returns>
    /// <exception cref="InvalidOperationException">The key's partition is not active in this process, the subscription's own handler calls, or the work of a transaction does.</exception>
    public Task<int> DiscardAsync(string key, GlobalPosition? through = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return OnKeyAsync(nameof(DiscardAsync), key, runner => runner.DiscardAsync(key, through), cancellationToken);
    }

    /// <summary>Stops: the handler that runs may finish, the checkpoint is written, the lease given back. May be called again, and by several threads at once.</summary>
    /// <remarks>
    /// Called by the subscription's own handler, by a handler that it waits for, or inside the work of a transaction, it does not wait: the subscription stops after this event. The event counts as handled when the handler returns.
    /// </remarks>
    /// <exception cref="SubscriptionException">
    /// The handler is still running 5 s after <see cref="EventBusOptions.StopTimeout"/>. The subscription stops when it returns; it is listed and keeps its lease until then. Another call waits again.
    /// </exception>
    public async ValueTask DisposeAsync()
    {
        BeginStop();
        using var own = LoopWaits.TryBegin(_loops);
        if (own is null) return;
        await Tasks.AfterAllAsync(_runners.Select(r => r.WaitForEndAsync())).ConfigureAwait(false);
        await _ended.ConfigureAwait(false);
    }

    internal void BeginStop()
    {
        foreach (var runner in _runners) runner.BeginStop();
    }

    internal void Start(ResumeToken place)
    {
        foreach (var runner in _runners) runner.Start(place);
        _ended = Uncaptured.Run(EndAsync);
    }

    private async Task EndAsync()
    {
        foreach (var runner in _runners) await runner.Ended.ConfigureAwait(false);
        if (_tail is not null) await _tail.Ended.ConfigureAwait(false);
        _host.Remove(this);
    }

    private async Task OnActiveAsync(string method, Func<Runner, Task> action)
    {
        using var own = LoopWaits.Begin(_loops, Name, method);
        Runner[] active = [.. _runners.Where(r => r.State is not (SubscriptionState.Standby or SubscriptionState.Stopped))];
        if (active.Length == 0) throw new InvalidOperationException($"Subscription '{Name}' is not active in this process: it is {State}.");
        await Task.WhenAll(active.Select(action)).ConfigureAwait(false);
    }

    /// <summary>Runs work on the loop of a subscription that is not partitioned, once everything that is done is written.</summary>
    internal async Task OnLoopAsync(Func<LeaseScope, ValueTask> work, CancellationToken cancellationToken)
    {
        using var own = LoopWaits.Begin(_loops, Name, nameof(OnLoopAsync));
        await _runners[0].RequestAsync(() => _runners[0].WriteAndRunAsync(work), needsLease: true, cancellationToken).ConfigureAwait(false);
    }

    private Task<int> OnKeyAsync(string method, string key, Func<Runner, ValueTask<int>> work, CancellationToken cancellationToken)
    {
        var runner = _runners.Length == 1 ? _runners[0] : _runners[PartitionId.PartitionOf(key)];
        return OnLoopAsync(method, runner, () => work(runner), cancellationToken);
    }

    private async Task<int> OnLoopAsync(string method, Runner runner, Func<ValueTask<int>> work, CancellationToken cancellationToken)
    {
        using var own = LoopWaits.Begin([runner.Loop], Name, method);
        var result = 0;
        await runner.RequestAsync(async () => result = await work().ConfigureAwait(false), needsLease: true, cancellationToken).ConfigureAwait(false);
        return result;
    }

    private sealed record Next(long After, long StoredAt);
}
