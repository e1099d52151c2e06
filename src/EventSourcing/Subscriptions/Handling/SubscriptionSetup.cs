using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Monitoring;

namespace EventSourcing.Subscriptions.Handling;

/// <summary>What all partitions of one subscription share: the handler, the settings and the services of the bus.</summary>
internal sealed record SubscriptionSetup
{
    internal required string Name { get; init; }

    internal required IEventStore Store { get; init; }

    internal required BoundHandler Handler { get; init; }

    internal required BoundFilter Filter { get; init; }

    internal required SubscriptionOptions Options { get; init; }

    internal required EventBusOptions BusOptions { get; init; }

    internal required LeaseKeeper Leases { get; init; }

    internal required FailureReport Report { get; init; }

    /// <summary>Called with the partition's key, the new state and the failure that caused it; returns what the callbacks of users threw, or null.</summary>
    internal required Func<string, SubscriptionState, Exception?, Exception?> StateChanged { get; init; }

    /// <summary>Limits how many partitions handle events at the same time; null where the subscription has one partition.</summary>
    internal required SemaphoreSlim? Slots { get; init; }

    internal IEventLog Log => Store.Log;

    internal TimeProvider Time => BusOptions.TimeProvider;

    internal bool IsCheckpointOutside => Options.LoadToken is not null || Options.Place is not null;
}
