using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;

namespace EventSourcing;

/// <summary>Settings of a subscription. Validated and copied when it starts; a later change has no effect on it.</summary>
public sealed class SubscriptionOptions
{
    /// <summary>Which events. Null, the default: those of the types that the handler has handlers for, or every event where it takes any. With a filter, a handler by type still gets only events of its types.</summary>
    public EventFilter? Filter { get; set; }

    /// <summary>Where to start when there is no checkpoint yet. Default: the beginning.</summary>
    public StartFrom From { get; set; } = StartFrom.Beginning;

    /// <summary>Retry policy for handler exceptions. Default: five retries, then pause.</summary>
    public FailurePolicy OnFailure { get; set; } = new();

    /// <summary>
    /// The key of an event: parking holds back later events of the same key, and a partitioned subscription keeps the order per key. Null, the default: the stream.
    /// The same event must always give the same key, not empty and without lone surrogates. What the delegate throws is the handler's failure; such an event is parked under its stream.
    /// </summary>
    public Func<RecordedEvent, string>? PartitionKey { get; set; }

    /// <summary>The number of handled or parked events after which the checkpoint is written: the most that are repeated after a crash. Default 10,000; from 1 to 1,000,000. A batch has at most this many events, and at most 1,000.</summary>
    public int CheckpointEvery { get; set; } = 10_000;

    /// <summary>The time after which the checkpoint is written, counted from the first event that is not in it; written at the latest before the next event is delivered. About the most work that is repeated after a crash. Default 1 s; from 0 (after each event) to 1 hour.</summary>
    public TimeSpan CheckpointAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For a subscription whose checkpoint is in the application's own database: reads the token that the handler committed last. Called with the partition (0 to 15 where partitioned, else 0) whenever the subscription
    /// becomes active, before its first event, and in standby for <see cref="Subscription.WaitForPositionAsync"/>. A null token: there is none yet, and <see cref="From"/> decides. Default null: the checkpoint is in the log.
    /// </summary>
    /// <remarks>
    /// The handler commits <see cref="DeliveryContext.ResumeToken"/> with its effect, in one transaction of that database, and compares what is stored there: a token that is not below this one means that the effect is
    /// committed already, and a higher <see cref="DeliveryContext.FencingToken"/> that another process has taken over. So the effect happens exactly once. The log then holds the leases and the parked events only; nothing can be enlisted,
    /// and <see cref="Subscription.ResetAsync(StartFrom, CancellationToken)"/> is refused. A token of another history faults the subscription with <see cref="LogDivergedException"/>. What the delegate throws is retried with growing delays.
    /// </remarks>
    public Func<int, CancellationToken, Task<ResumeToken?>>? LoadToken { get; set; }

    /// <summary>True divides the subscription among handlers of this and other processes: 16 partitions by key, each with its own lease and checkpoint; order is kept per key only. Default false. Cannot be changed once the subscription has a checkpoint.</summary>
    public bool IsPartitioned { get; set; }

    /// <summary>How many handlers of a partitioned subscription run at the same time in this process, from 1 to 16; default: the number of processors, at most 16. One where it is not partitioned.</summary>
    public int MaxConcurrency { get; set; } = Math.Min(16, Environment.ProcessorCount);

    /// <summary>A place outside the log that the library writes itself; null for a checkpoint in the log or in the application's database.</summary>
    internal IOutsidePlace? Place { get; set; }

    /// <summary>A copy whose values are in their ranges.</summary>
    internal SubscriptionOptions Validated()
    {
        var copy = (SubscriptionOptions)MemberwiseClone();
        ArgumentNullException.ThrowIfNull(copy.From, nameof(From));
        ArgumentNullException.ThrowIfNull(copy.OnFailure, nameof(OnFailure));
        copy.OnFailure = copy.OnFailure.Validated();
        if (copy.CheckpointEvery is < 1 or > 1_000_000) throw new ArgumentOutOfRangeException(nameof(CheckpointEvery), copy.CheckpointEvery, "CheckpointEvery must be from 1 to 1,000,000 events.");
        if (copy.CheckpointAfter < TimeSpan.Zero || copy.CheckpointAfter > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(CheckpointAfter), copy.CheckpointAfter, "CheckpointAfter must be from 0 to 1 hour.");
        if (copy.MaxConcurrency is < 1 or > 16) throw new ArgumentOutOfRangeException(nameof(MaxConcurrency), copy.MaxConcurrency, "MaxConcurrency must be from 1 to 16.");
        if (copy.PartitionKey is { } key) HandlerDelegate.ThrowIfCombined(key, nameof(PartitionKey));
        if (copy.LoadToken is { } load) HandlerDelegate.ThrowIfCombined(load, nameof(LoadToken));
        return copy;
    }

    internal string KeyOf(in RecordedEvent e)
    {
        if (PartitionKey is null) return e.StreamId.Value;
        var key = PartitionKey(e);
        if (string.IsNullOrEmpty(key)) throw new InvalidOperationException($"The partition key of the event at position {e.Position} is empty.");
        // Keys are stored in UTF-8, which has no form for a lone surrogate: another key would be read.
        if (Name.IndexOfLoneSurrogate(key) is var index and >= 0)
            throw new InvalidOperationException($"The partition key of the event at position {e.Position} has a lone surrogate: U+{(int)key[index]:X4} at index {index}.");
        return key;
    }

    /// <summary>The key; where the delegate throws, the stream, so that every process finds the same partition for the failure.</summary>
    internal string KeyOrStream(in RecordedEvent e, out bool isKnown)
    {
        isKnown = true;
        try
        {
            return KeyOf(e);
        }
        catch (Exception)
        {
            isKnown = false;
            return e.StreamId.Value;
        }
    }
}
