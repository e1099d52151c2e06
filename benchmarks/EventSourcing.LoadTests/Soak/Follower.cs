using System.Collections.Concurrent;

namespace EventSourcing.LoadTests.Soak;

/// <summary>A durable subscription to every event, which is steered from within its handler and from outside while it works.</summary>
internal abstract class Follower(string name, EventBus bus, SoakedLog log) : Actor(name, "delivered", log)
{
    private const int HandlerDisposesOneIn = 20_000, HandlerPausesOneIn = 5_000;
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromMinutes(3);

    private readonly PositionSet _handled = new();
    private readonly ConcurrentDictionary<StreamId, long> _versions = new();
    private volatile Subscription? _subscription;
    private volatile bool _isLeft;
    private int _refused, _restarted, _paused;

    /// <summary>How often the handler was refused, how often it was started again, how often it was paused from outside.</summary>
    public (int Refused, int Restarted, int Paused) Steered => (_refused, _restarted, _paused);

    protected abstract SubscriptionOptions Options { get; }

    protected Subscription Subscription => _subscription ?? throw new InvalidOperationException($"'{Name}' was not started.");

    public async Task StartAsync() =>
        _subscription = await bus.SubscribeAsync(Name, SubscriptionHandler.Each(HandleAsync), Options, CancellationToken.None);

    /// <summary>After the soak: brings it to the head and compares what it handled with the log.</summary>
    public async Task FinishAsync(GlobalPosition head)
    {
        try
        {
            if (_isLeft) await StartAgainAsync();
            using var giveUp = new CancellationTokenSource(s_longestEnd);
            await EndAsync(head, giveUp.Token);
            var status = await Subscription.GetStatusAsync(giveUp.Token);
            Expect(status.Parked == 0 && status.Lag == 0, $"ends with {status.Parked} events parked and a lag of {status.Lag}");
            Expect(_handled.FirstMissing(head.ToInt64()) is not { } missing, $"did not handle every event up to {head}; the first missing is {_handled.FirstMissing(head.ToInt64())}");
            await Subscription.DisposeAsync().AsTask().WaitAsync(s_longestEnd, CancellationToken.None);
        }
        catch (Exception e)
        {
            Fault($"did not end well, in state {_subscription?.State}: {e}");
        }
    }

    protected virtual Task EndAsync(GlobalPosition head, CancellationToken giveUp) => Subscription.WaitForPositionAsync(head, giveUp);

    /// <summary>What this one does with an event; may throw.</summary>
    protected virtual void Handle(EventEnvelope e, DeliveryContext delivery)
    {
    }

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await RestAsync(100, 1000, stop);
        if (_isLeft) await StartAgainAsync();
        else if (OneIn(20)) await LeaveAsync();
        else if (OneIn(3)) await PauseAsync();
        else await SteerAsync();
        Expect(Subscription.State != SubscriptionState.Faulted, $"is faulted: {(await Subscription.GetStatusAsync(CancellationToken.None)).StateCause}");
    }

    /// <summary>Something that only this one does.</summary>
    protected virtual Task SteerAsync() => Task.CompletedTask;

    /// <summary>A call that is refused where the subscription is not active: stopped by its handler meanwhile, or started and without its lease still.</summary>
    protected async Task<bool> TryAsync(Func<Subscription, Task> call)
    {
        try
        {
            await call(Subscription);
            return true;
        }
        catch (InvalidOperationException) when (_isLeft || Subscription.State is SubscriptionState.Standby or SubscriptionState.CatchingUp or SubscriptionState.Live)
        {
            return false;
        }
    }

    private async Task HandleAsync(EventEnvelope e, DeliveryContext delivery, CancellationToken cancellationToken)
    {
        Handle(e, delivery);
        var last = _versions.GetValueOrDefault(e.StreamId);
        // A repeated event is no fault. A skipped event is one.
        if (e.Version > last + 1) Fault($"is given {e} after version {last}");
        _versions[e.StreamId] = Math.Max(last, e.Version);
        _handled.Add(e.Position.ToInt64());
        Did();
        if (OneIn(HandlerPausesOneIn)) await PauseFromWithinAsync();
        if (OneIn(HandlerDisposesOneIn)) await LeaveFromWithinAsync();
    }

    private async Task PauseFromWithinAsync()
    {
        if (_subscription is not { } own || _isLeft) return;
        try
        {
            await own.PauseAsync(CancellationToken.None);
            Fault("has paused itself from within its handler");
        }
        catch (InvalidOperationException)
        {
            Interlocked.Increment(ref _refused);
        }
    }

    private async Task LeaveFromWithinAsync()
    {
        if (_subscription is not { } own || _isLeft) return;
        _isLeft = true;
        await own.DisposeAsync();
    }

    private async Task LeaveAsync()
    {
        _isLeft = true;
        // By two at once.
        var first = Task.Run(() => Subscription.DisposeAsync().AsTask());
        await Subscription.DisposeAsync();
        await first;
    }

    private async Task StartAgainAsync()
    {
        await Subscription.DisposeAsync();
        _subscription = null;
        _isLeft = false;
        await StartAsync();
        _restarted++;
    }

    private async Task PauseAsync()
    {
        if (!await TryAsync(s => s.PauseAsync(CancellationToken.None))) return;
        await Task.Delay(Random.Shared.Next(50));
        if (await TryAsync(s => s.ResumeAsync(CancellationToken.None))) _paused++;
        else Expect(_isLeft, "could not be resumed after a pause");
    }
}
