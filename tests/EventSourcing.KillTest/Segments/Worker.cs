using System.Collections.Concurrent;
using System.Globalization;
using EventSourcing.Sqlite;
using EventSourcing.Storage;

namespace EventSourcing.KillTest.Segments;

/// <summary>A process that runs its share of a group. Its effects go to its parent, on stdout; whether they are accepted comes back on stdin.</summary>
/// <remarks>Lines out: <c>took S</c>, <c>left S</c>, <c>late</c> (a checkpoint refused), <c>effect N S EPOCH POSITION KEY</c>. Lines in: <c>N yes</c> or <c>N no</c>; the end of input ends the process.</remarks>
internal sealed class Worker
{
    internal static readonly TimeSpan LeaseTimeout = TimeSpan.FromSeconds(1);

    // Long enough for some handler to be at work in most of the processes that are frozen.
    private static readonly TimeSpan s_work = TimeSpan.FromMilliseconds(15);

    private const string Name = "group";
    private const int CheckpointEvery = 4;

    private readonly ConcurrentDictionary<long, TaskCompletionSource<bool>> _asked = [];
    private readonly ConcurrentDictionary<string, bool> _held = [];
    private long _number;

    internal static async Task RunAsync(string folder)
    {
        var worker = new Worker();
        await using var store = new EventStore(new FencedLog(OpenLog(folder), static () => Console.WriteLine("late")), EventTypeMap.Empty);
        await using var bus = new EventBus(store, new() { LeaseTimeout = LeaseTimeout });
        bus.StateChanged += worker.Changed;
        await bus.SubscribeAsync(Name, SubscriptionHandler.RawEach((e, delivery, _) => worker.HandleAsync(e, delivery).AsTask()), new()
        {
            IsPartitioned = true,
            MaxConcurrency = 16,
            CheckpointEvery = CheckpointEvery,
            OnFailure = new() { MaxRetryAttempts = 1000, Delay = TimeSpan.FromMilliseconds(10), MaxDelay = TimeSpan.FromMilliseconds(100) },
        });
        while (await Console.In.ReadLineAsync() is { } line)
            if (line.Split(' ') is [var number, var verdict] && worker._asked.TryRemove(long.Parse(number, CultureInfo.InvariantCulture), out var asked)) asked.SetResult(verdict == "yes");
    }

    internal static SqliteEventLog OpenLog(string folder) =>
        SqliteEventLog.Open(Path.Combine(folder, "log.db"), new() { BusyTimeout = TimeSpan.FromMinutes(1) });

    // Does not look at its token: a handler that was frozen and wakes sends its effect all the same.
    private async ValueTask HandleAsync(RecordedEvent e, DeliveryContext delivery)
    {
        await Task.Delay(s_work, CancellationToken.None);
        var number = Interlocked.Increment(ref _number);
        var asked = _asked[number] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"effect {number} {delivery.Partition} {delivery.FencingToken} {e.Position} {e.StreamId}"));
        if (!await asked.Task) throw new InvalidOperationException("The effect came too late.");
    }

    private void Changed(string key, SubscriptionState state, Exception? error)
    {
        var segment = int.Parse(key[(Name.Length + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var holds = state is SubscriptionState.CatchingUp or SubscriptionState.Live or SubscriptionState.Paused;
        if (_held.GetValueOrDefault(key) == holds) return;
        _held[key] = holds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(holds ? "took" : "left")} {segment}"));
    }
}
