using EventSourcing.Storage;
using EventSourcing.Subscriptions.Internal;

namespace EventSourcing.Subscriptions;

/// <summary>A subscription that was started in this process. Thread-safe. Disposing it stops it; what it was is resumed under its name.</summary>
public sealed class Subscription : IAsyncDisposable
{
    // The state that needs attention most comes first.
    private static readonly SubscriptionState[] s_order =
        [SubscriptionState.Faulted, SubscriptionState.Paused, SubscriptionState.CatchingUp, SubscriptionState.Live, SubscriptionState.Standby, SubscriptionState.Stopped];

    private readonly Subscriber _subscriber;
    private readonly Runner[] _runners;

    internal Subscription(string name, Subscriber subscriber, Runner[] runners) => (Name, _subscriber, _runners) = (name, subscriber, runners);

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>What it is doing; of a group, the state of its segments that needs attention most.</summary>
    public SubscriptionState State => s_order[_runners.Min(r => Array.IndexOf(s_order, r.State))];

    /// <summary>Of a group, how many of the 16 segments this process runs; of another, 1 or 0.</summary>
    public int ActiveSegments => Active.Count();

    private IEnumerable<Runner> Active => _runners.Where(r => r.State is SubscriptionState.CatchingUp or SubscriptionState.Live or SubscriptionState.Paused);

    /// <summary>How it stands.</summary>
    /// <param name="cancellationToken">Ends the read of the head.</param>
    public async ValueTask<SubscriptionStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var head = await _subscriber.Store.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var runners = Active.ToArray() is { Length: > 0 } active ? active : _runners;
        var state = State;
        var shown = Array.Find(_runners, r => r.State == state) ?? _runners[0];
        var troubled = Array.Find(_runners, r => r.LastError is not null && r.State == state) ?? Array.Find(_runners, r => r.LastError is not null);
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
            LastError = troubled?.LastError,
            LastErrorAt = troubled?.LastErrorAt,
            StateCause = Array.Find(_runners, r => r.State == state && r.Cause is not null)?.Cause,
            LeaseOwner = holder.Owner,
            LeaseSilence = holder.Silence,
        };
    }

    /// <summary>Completes when everything up to a position is handled, parked or passed over, with enlisted effects committed. Of a group, in all its segments, so that it completes only where all run in this process.</summary>
    /// <param name="position">A position of the log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ObjectDisposedException">The subscription was stopped.</exception>
    public Task WaitForAsync(GlobalPosition position, CancellationToken cancellationToken = default) =>
        Task.WhenAll(_runners.Select(r => r.WaitForAsync(position, cancellationToken)));

    /// <summary>Stops delivery after the event at hand and writes the checkpoint. The lease is kept, so that no other process goes on instead.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <exception cref="InvalidOperationException">The subscription is not active in this process.</exception>
    public Task PauseAsync(CancellationToken cancellationToken = default) => OnActiveAsync(r => r.PauseAsync(cancellationToken));

    /// <summary>Goes on after a pause or a fault, with new attempts for an event that failed. Does nothing where it runs.</summary>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <exception cref="InvalidOperationException">The subscription is not active in this process.</exception>
    public Task ResumeAsync(CancellationToken cancellationToken = default) => OnActiveAsync(r => r.ResumeAsync(cancellationToken));

    /// <summary>Moves the checkpoint, backward or forward, and goes on from there. Events handled before are marked as replays (<see cref="Delivery.IsReplay"/>); parked events stay parked.</summary>
    /// <param name="start">Where to go on.</param>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <exception cref="InvalidOperationException">The subscription, or a segment of the group, is not active in this process. Nothing was moved.</exception>
    public async Task ResetAsync(Start start, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        var position = await start.ResolveAsync(_subscriber.Store.Log, cancellationToken).ConfigureAwait(false);
        if (Array.Find(_runners, r => r.State is SubscriptionState.Standby or SubscriptionState.Stopped) is { } idle)
            throw new InvalidOperationException($"Subscription '{Name}' is not reset: part of it is {idle.State} in this process.");
        await Task.WhenAll(_runners.Select(r => r.ResetAsync(position, cancellationToken))).ConfigureAwait(false);
    }

    /// <summary>The events set aside, by segment and key, those of a key in order: what the log holds, and what this process is about to write there with its next checkpoint.</summary>
    /// <remarks>Read in pages of 256 events or 4 MiB, whatever is reached first. Of a record that is damaged the event is read from the log again; <see cref="ParkedEvent.Reason"/> names the record then, attempts and time are lost.</remarks>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="StoreCorruptException">A record is damaged and its event cannot be found in the log either.</exception>
    public async IAsyncEnumerable<ParkedEvent> ReadParkedAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // Looked at before the log: what is written meanwhile is found there too.
        var waiting = new Queue<Record>(Active.SelectMany(r => r.Parked.Waiting).OrderBy(r => r.Key, Utf8Order.Instance));
        await foreach (var found in _runners[0].Parked.Reader.ReadAsync(Name + "/", cancellationToken).ConfigureAwait(false))
        {
            while (waiting.TryPeek(out var next) && Utf8Order.Instance.Compare(next.Key, found.RecordKey) <= 0)
                if (waiting.Dequeue().Key != found.RecordKey) yield return Parse(next);
            yield return found.Event;
        }

        foreach (var next in waiting) yield return Parse(next);

        static ParkedEvent Parse(Record record) => ParkedEvent.TryParse(record, out var parked, out var error) ? parked : throw error;
    }

    /// <summary>Delivers the events of a key that are set aside once more, in order, before anything new; stops at the first that fails again. When none is left, the key flows on.</summary>
    /// <param name="key">The key; the stream's name by default.</param>
    /// <param name="cancellationToken">Ends the wait for it; an event begun is finished.</param>
    /// <returns>How many were handled.</returns>
    /// <exception cref="InvalidOperationException">The key's segment is not active in this process.</exception>
    public Task<int> RetryAsync(string key, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return OnKeyAsync(key, runner => runner.RetryAsync(key, null), cancellationToken);
    }

    /// <summary>As <see cref="RetryAsync"/>, for every key of the segments that are active in this process.</summary>
    /// <param name="through">Events up to this position only; null for all.</param>
    /// <param name="cancellationToken">Ends the wait for it; an event begun is finished.</param>
    /// <returns>How many were handled.</returns>
    public async Task<int> RetryAllAsync(GlobalPosition? through = null, CancellationToken cancellationToken = default) =>
        (await Task.WhenAll(Active.Select(runner => OnLoopAsync(runner, async () =>
        {
            var handled = 0;
            foreach (var key in runner.Parked.Keys.ToArray()) handled += await runner.RetryAsync(key, through).ConfigureAwait(false);
            return handled;
        }, cancellationToken))).ConfigureAwait(false)).Sum();

    /// <summary>Removes the events of a key that are set aside; they are never delivered again. When none is left, the key flows on.</summary>
    /// <param name="key">The key; the stream's name by default.</param>
    /// <param name="through">Events up to this position only; null for all.</param>
    /// <param name="cancellationToken">Ends the wait for it.</param>
    /// <returns>How many were removed.</returns>
    /// <exception cref="InvalidOperationException">The key's segment is not active in this process.</exception>
    public Task<int> DiscardAsync(string key, GlobalPosition? through = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return OnKeyAsync(key, runner => runner.DiscardAsync(key, through), cancellationToken);
    }

    /// <summary>Stops: the handler at work may finish, the checkpoint is written, the lease given back. May be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_runners.Select(r => r.StopAsync())).ConfigureAwait(false);
        _subscriber.Remove(Name);
    }

    internal void Start(GlobalPosition position)
    {
        foreach (var runner in _runners) runner.Start(position);
    }

    private Task OnActiveAsync(Func<Runner, Task> action)
    {
        Runner[] active = [.. _runners.Where(r => r.State is not (SubscriptionState.Standby or SubscriptionState.Stopped))];
        return active.Length == 0
            ? throw new InvalidOperationException($"Subscription '{Name}' is not active in this process: it is {State}.")
            : Task.WhenAll(active.Select(action));
    }

    private Task<int> OnKeyAsync(string key, Func<Runner, ValueTask<int>> work, CancellationToken cancellationToken)
    {
        var runner = _runners.Length == 1 ? _runners[0] : _runners[(int)(SegmentKey.Hash(key) % (uint)_runners.Length)];
        return OnLoopAsync(runner, () => work(runner), cancellationToken);
    }

    private static async Task<int> OnLoopAsync(Runner runner, Func<ValueTask<int>> work, CancellationToken cancellationToken)
    {
        var result = 0;
        await runner.RequestAsync(async () => result = await work().ConfigureAwait(false), needsLease: true, cancellationToken).ConfigureAwait(false);
        return result;
    }
}
