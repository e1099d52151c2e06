using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>How a subscription works.</summary>
public sealed class SubscriptionOptions
{
    /// <summary>Which events. Null, the default: those of the types that the handler has handlers for, or every event where it takes any.</summary>
    public EventQuery? Query { get; init; }

    /// <summary>Where to begin when there is no checkpoint yet. Default: the beginning.</summary>
    public StartFrom From { get; init; } = StartFrom.Beginning;

    /// <summary>What happens when the handler throws. Default: five more attempts, then pause.</summary>
    public FailurePolicy OnFailure { get; init; } = FailurePolicy.RetryThenPause();

    /// <summary>
    /// What orders events that belong together: parking holds back the later events of the same key, groups keep the order per key.
    /// Null, the default: the stream. Called on the runner; the same event must always give the same key, not empty and without lone surrogates. What it throws is the handler's failure; such an event is set aside under its stream.
    /// </summary>
    public Func<RecordedEvent, string>? PartitionKey { get; init; }

    /// <summary>The checkpoint is written when this many events were handled or set aside since the last: the most that are repeated after a crash. Default 10,000; from 1 to 1,000,000. A batch is not larger than it either, nor than 1,000.</summary>
    public int CheckpointEvery { get; init; } = 10_000;

    /// <summary>The checkpoint is written when an event that is not in it was handed to the handler this long ago, at the latest before the next event is: about the most work that is repeated after a crash. Default 1 s; from 0 (after each event) to 1 hour.</summary>
    public TimeSpan CheckpointAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For a subscription whose checkpoint lies in the user's own database: reads the token that the handler committed last. Called with the partition (of a group 0 to 15, else 0) whenever a runner
    /// becomes active, before its first event, and in standby by those who wait for a position. Null: there is none yet, and <see cref="From"/> decides. Default null: the checkpoint lies in the log.
    /// </summary>
    /// <remarks>
    /// The handler commits <see cref="DeliveryContext.ResumeToken"/> with its effect, in one transaction of that database, and there compares what is stored: a token that is not below this one says that the effect is
    /// committed already, and a higher <see cref="DeliveryContext.FencingToken"/> that another runner has taken over. So the effect happens exactly once. The log then holds the leases and the parked events only; nothing can be enlisted,
    /// and <see cref="Subscription.ResetAsync(StartFrom, CancellationToken)"/> is refused. A token of another history faults the subscription with <see cref="LogDivergedException"/>. What the delegate throws is tried again after growing delays.
    /// </remarks>
    public Func<int, CancellationToken, Task<ResumeToken?>>? LoadToken { get; init; }

    /// <summary>True shares the subscription among workers of this and other processes: 16 segments by key, each with a lease and checkpoint of its own; order is kept per key only. Default false. Never changed once the subscription has a checkpoint.</summary>
    public bool IsPartitioned { get; init; }

    /// <summary>How many handlers of a group run at the same time in this process, from 1 to 16; default: the number of processors, at most 16. Without a group there is one.</summary>
    public int MaxConcurrency { get; init; } = Math.Min(16, Environment.ProcessorCount);

    /// <summary>Which of the events that match are for the handler at all; the others pass as if the query had left them out.</summary>
    internal Func<RecordedEvent, bool>? Filter { get; init; }

    /// <summary>Of several events that a stored one reads as, which are for the handler; null for all.</summary>
    internal Func<EventEnvelope, bool>? Admits { get; init; }

    internal SubscriptionOptions With(EventQuery? query, Func<RecordedEvent, bool>? filter, Func<EventEnvelope, bool>? admits) => new()
    {
        Query = query,
        Filter = filter,
        Admits = admits,
        From = From,
        OnFailure = OnFailure,
        LoadToken = LoadToken,
        PartitionKey = PartitionKey,
        CheckpointEvery = CheckpointEvery,
        CheckpointAfter = CheckpointAfter,
        IsPartitioned = IsPartitioned,
        MaxConcurrency = MaxConcurrency,
    };

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(From);
        ArgumentNullException.ThrowIfNull(OnFailure);
        if (CheckpointEvery is < 1 or > 1_000_000) throw new ArgumentOutOfRangeException(nameof(CheckpointEvery), CheckpointEvery, "CheckpointEvery is from 1 to 1,000,000 events.");
        if (CheckpointAfter < TimeSpan.Zero || CheckpointAfter > TimeSpan.FromHours(1))
            throw new ArgumentOutOfRangeException(nameof(CheckpointAfter), CheckpointAfter, "CheckpointAfter is from 0 to 1 hour.");
        if (MaxConcurrency is < 1 or > 16) throw new ArgumentOutOfRangeException(nameof(MaxConcurrency), MaxConcurrency, "Workers is from 1 to 16.");
    }

    internal string KeyOf(in RecordedEvent e)
    {
        if (PartitionKey is null) return e.StreamId.Value;
        var key = PartitionKey(e);
        if (string.IsNullOrEmpty(key)) throw new InvalidOperationException($"The key of the event at position {e.Position} is empty.");
        // It is stored in UTF-8, which has no form for half a character: another key would be read.
        if (Name.IndexOfLoneSurrogate(key) is var index and >= 0)
            throw new InvalidOperationException($"The key of the event at position {e.Position} has a lone surrogate: U+{(int)key[index]:X4} at index {index}.");
        return key;
    }

    /// <summary>The key; where it cannot be told, the stream, by which every process finds the same segment for the failure.</summary>
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
