using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>What it takes to say that an event is handled: paid for each event that is delivered by itself, and for none of a batch.</summary>
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SubscriptionAllocationTests : IAsyncDisposable
{
    private const int Events = 1000;
    private readonly EventStore _store = new(new InMemoryEventLog(), School.Types);

    [SetUp]
    public async Task FillAsync() => await _store.AppendAsync("s", ExpectedVersion.Any, Enumerable.Range(0, Events).Select(i => (object)new Noted($"{i}")));

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Test]
    public async Task Handling_an_event_takes_72_bytes()
    {
        var events = await _store.ReadAllAsync().ToArrayAsync();
        (await PerEventAsync(events, static e => EventContext.BeginScope(e))).Should().BeLessThanOrEqualTo(72);
    }

    [Test]
    public async Task Handling_bytes_takes_152_bytes()
    {
        using var page = await _store.Log.ReadAsync(new AllRead { MaxCount = Events }, default);
        (await PerEventAsync(page.Events.ToArray(), static e => EventContext.BeginScope(e))).Should().BeLessThanOrEqualTo(152);
    }

    [Test]
    public async Task Batches_take_nothing_per_event()
    {
        // What is allocated for each event is allocated in every batch; what the thread pool runs on the thread between two batches is not. On a busy machine few batches follow each other on one thread, so the events are read again.
        for (var i = 0; i < 59; i++) await FillAsync();
        var (before, taken, thread) = (0L, double.PositiveInfinity, 0);
        var handler = SubscriptionHandler.RawBatches((events, _, _) =>
        {
            var now = GC.GetAllocatedBytesForCurrentThread();
            if (before > 0 && thread == Environment.CurrentManagedThreadId) taken = Math.Min(taken, (now - before) / (double)events.Length);
            (before, thread) = (now, Environment.CurrentManagedThreadId);
            return Task.CompletedTask;
        });
        await using var bus = new EventBus(_store);
        for (var round = 0; round < 10 && taken >= 10; round++)
        {
            (before, thread) = (0, 0);
            await using var subscription = await bus.SubscribeAsync($"measured-{round}", handler, new() { CheckpointEvery = Events });
            await subscription.WaitForPositionAsync(await _store.GetHeadAsync()).WaitAsync(TimeSpan.FromMinutes(2));
        }

        taken.Should().BeLessThan(10, "a page and a checkpoint are all that is made");
    }

    // Measured as a runner calls handlers: on a task into which nothing flows.
    private static async Task<double> PerEventAsync<T>(T[] events, Func<T, EventContextScope> begin)
    {
        Task<double> measured;
        using (ExecutionContext.SuppressFlow())
            measured = Task.Run(() =>
            {
                begin(events[0]).Dispose();
                var before = GC.GetAllocatedBytesForCurrentThread();
                foreach (var e in events) begin(e).Dispose();
                return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)events.Length;
            });
        return await measured;
    }
}
