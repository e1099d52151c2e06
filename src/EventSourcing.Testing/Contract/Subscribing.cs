using System.Collections.Concurrent;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Helper methods of the cases about subscriptions.</summary>
internal static class Subscribing
{
    internal static readonly TimeSpan Patience = Signal.Patience;

    /// <summary>Options with short timeouts and without random delays.</summary>
    internal static readonly EventBusOptions Hasty = new() { LeaseTimeout = TimeSpan.FromMilliseconds(1500), StopTimeout = TimeSpan.FromMilliseconds(20), Randomness = static () => 0 };

    /// <summary>A bus on the log of a case, whose changes of state set the case's signal.</summary>
    internal static EventBus On(LogUnderTest log, EventBusOptions? options = null) => On(log, new EventStore(log.Log, EventTypeMap.Empty), options);

    internal static EventBus On(LogUnderTest log, IEventStore store, EventBusOptions? options = null, ICommandBus? commands = null)
    {
        var bus = new EventBus(store, options, commands);
        bus.StateChanged += (_, _, _) => log.Changed.Set();
        return bus;
    }

    internal static SubscriptionHandler Collect(ConcurrentQueue<long> received) => SubscriptionHandler.RawEach((e, _, _) =>
    {
        received.Enqueue(e.Position.ToInt64());
        return Task.CompletedTask;
    });

    internal static Task WaitAsync(Subscription subscription, long position) =>
        subscription.WaitForPositionAsync(GlobalPosition.FromInt64(position)).WaitAsync(Patience);

    /// <summary>Starts a function outside the handler's execution context. The handler waits only for the start.</summary>
    internal static async Task<T> BeginElsewhereAsync<T>(Func<T> begin)
    {
        Task<T> begun;
        using (ExecutionContext.SuppressFlow()) begun = Task.Factory.StartNew(begin, CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Default);
        return await begun.ConfigureAwait(false);
    }

    internal static async Task<long> CheckpointAsync(LogUnderTest log, string name)
    {
        var records = await log.Log.ReadRecordsAsync(RecordKind.Checkpoint, name, name, 1, CancellationToken.None).ConfigureAwait(false);
        return BitConverter.ToInt64(records[0].Value.Span[2..]);
    }

    internal static async Task<long[]> ParkedAsync(Subscription subscription)
    {
        var parked = new List<long>();
        await foreach (var e in subscription.ReadParkedAsync().ConfigureAwait(false)) parked.Add(e.Event.Position.ToInt64());
        return [.. parked];
    }

    /// <summary>Creates a store without event types on a log.</summary>
    internal static EventStore StoreOf(IEventLog log) => new(log, EventTypeMap.Empty);

    /// <summary>Changes a lease as another process would: another owner and the next fencing token.</summary>
    internal static async Task StealAsync(LogUnderTest log, string key)
    {
        while (true)
        {
            var record = await log.FindRecordAsync(RecordKind.Lease, key).ConfigureAwait(false);
            var bytes = record!.Value.ToArray();
            bytes[1]++;
            bytes[17]++;
            if (await log.PutAsync(RecordKind.Lease, key, bytes, record.Revision).ConfigureAwait(false)) return;
        }
    }
}
