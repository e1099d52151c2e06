namespace EventSourcing.LoadTests.Soak;

/// <summary>Fails at some events and parks them. Now and then it succeeds for a short time, and the parked events are retried.</summary>
internal sealed class ParkingFollower(EventBus bus, SoakedLog log) : Follower("parking", bus, log)
{
    private const int FailsOneIn = 499;

    private volatile bool _isMended;
    private long _retried;

    /// <summary>How many events were handled by a retry.</summary>
    public long Retried => _retried;

    protected override SubscriptionOptions Options { get; } = new() { OnFailure = new() { MaxRetryAttempts = 1, Delay = TimeSpan.FromMilliseconds(1), Then = AfterRetries.Park } };

    protected override void Handle(EventEnvelope e, DeliveryContext delivery)
    {
        if (!_isMended && ((INumbered)e.Data).Number % FailsOneIn == 0) throw new InvalidDataException("This number is not handled yet.");
    }

    protected override async Task SteerAsync()
    {
        _isMended = true;
        await TryAsync(async s => _retried += await s.RetryAllAsync(cancellationToken: CancellationToken.None));
        _isMended = false;
    }

    protected override async Task EndAsync(GlobalPosition head, CancellationToken giveUp)
    {
        _isMended = true;
        await base.EndAsync(head, giveUp);
        _retried += await Subscription.RetryAllAsync(cancellationToken: giveUp);
    }
}
