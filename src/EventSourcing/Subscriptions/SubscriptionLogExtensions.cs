using System.Runtime.CompilerServices;
using EventSourcing.Leasing;
using EventSourcing.Subscriptions.Parking;
using EventSourcing.Subscriptions.Running;

namespace EventSourcing.Storage;

/// <summary>The subscriptions of a log, for programs that do not run them. Reads the log's records without a lease; starts nothing.</summary>
public static class SubscriptionLogExtensions
{
    /// <summary>Every subscription that has a checkpoint, in the order of their records, which is always the same.</summary>
    /// <remarks>Checkpoints and leases are read one after another, each as it is at that time. What a runner has done since its last checkpoint is not in them.</remarks>
    /// <param name="log">The log.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The subscriptions. A damaged record is named by its partition (<see cref="RecordedPartition.Error"/>); the others are listed.</returns>
    public static IAsyncEnumerable<RecordedSubscription> ReadSubscriptionsAsync(this IEventLog log, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        return SubscriptionsAsync(log, cancellationToken);
    }

    /// <summary>The events that a subscription has parked, by partition and key, those of a key in order.</summary>
    /// <remarks>
    /// What a runner is about to write with its next checkpoint is not among them, see <see cref="Subscription.ReadParkedAsync"/>. Of a record that is damaged the event is read from the log again;
    /// <see cref="ParkedEvent.Reason"/> names the record then, attempts and time are lost.
    /// </remarks>
    /// <param name="log">The log.</param>
    /// <param name="subscription">The subscription's name; one that has nothing parked, or that does not exist, gives none.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="ArgumentException">The name is not valid.</exception>
    /// <exception cref="StoreCorruptException">A record is damaged and its event cannot be found in the log either, or its key is not the stream and known to the subscription only. Thrown once all others are listed; it names the records.</exception>
    public static IAsyncEnumerable<ParkedEvent> ReadParkedAsync(this IEventLog log, string subscription, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(log);
        PartitionId.ThrowIfInvalid(subscription);
        return new ParkedReader(log, null).ListAsync(subscription + "/", [], cancellationToken);
    }

    private static async IAsyncEnumerable<RecordedSubscription> SubscriptionsAsync(IEventLog log, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (name, isPartitioned, found) = ("", false, new List<FoundRecord>());
        await foreach (var record in RecordReader.ReadAsync(log, RecordKind.Checkpoint, "", null, cancellationToken).ConfigureAwait(false))
        {
            // Others may keep checkpoints too, under keys of another form.
            if (!PartitionId.TryParse(record.Key, out var key)) continue;
            if (found.Count > 0 && (key.Name != name || key.IsPartitioned != isPartitioned))
            {
                yield return await DescribeAsync(log, name, isPartitioned, found, cancellationToken).ConfigureAwait(false);
                found.Clear();
            }

            (name, isPartitioned) = (key.Name, key.IsPartitioned);
            found.Add(record);
        }

        if (found.Count > 0) yield return await DescribeAsync(log, name, isPartitioned, found, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<RecordedSubscription> DescribeAsync(IEventLog log, string name, bool isPartitioned, List<FoundRecord> checkpoints, CancellationToken cancellationToken)
    {
        Dictionary<string, FoundRecord> leases = [];
        await foreach (var record in RecordReader.ReadAsync(log, RecordKind.Lease, checkpoints[0].Key, checkpoints[^1].Key, cancellationToken).ConfigureAwait(false))
            leases.Add(record.Key, record);
        return new(name, isPartitioned, [.. checkpoints.Select(checkpoint => Describe(checkpoint, leases.GetValueOrDefault(checkpoint.Key)))]);
    }

    private static RecordedPartition Describe(in FoundRecord checkpoint, in FoundRecord lease)
    {
        var place = checkpoint.TryParse(Checkpoint.Parse, out var error);
        var holder = lease.TryParse(LeaseRecord.Parse, out var errorOfLease);
        return new()
        {
            Partition = PartitionId.TryParse(checkpoint.Key, out var key) ? key.Partition : 0,
            Checkpoint = place is { } at ? GlobalPosition.FromInt64(at.Position) : null,
            Furthest = place is { } most ? GlobalPosition.FromInt64(most.Furthest) : null,
            Owner = holder is { } held && held.Owner != Guid.Empty ? held.Owner : null,
            FencingToken = holder?.Epoch ?? 0,
            Renewals = holder?.Renewals ?? 0,
            Error = error ?? errorOfLease,
        };
    }
}
