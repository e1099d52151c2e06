using EventSourcing.EntityFrameworkCore.Writing;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.EntityFrameworkCore.Tests;

internal sealed class FencingTests
{
    private EventStore _store = null!;
    private ShopDatabase _database = null!;

    [SetUp]
    public void Open() => (_store, _database) = (new(new InMemoryEventLog(), Shop.Types), new());

    [TearDown]
    public async Task CloseAsync()
    {
        await _store.DisposeAsync();
        _database.Dispose();
    }

    [Test]
    public async Task A_process_with_a_lower_fencing_token_cannot_write()
    {
        await Shop.AppendAsync(_store, 0, 3);
        var events = await ReadAsync();
        var (late, current) = (Writer(), Writer());
        await late.HandleAsync(events[..3], DeliveryOf(events[2], 1), CancellationToken.None);
        await current.LoadAsync(0, CancellationToken.None);
        await current.HandleAsync(events[3..6], DeliveryOf(events[5], 2), CancellationToken.None);

        await late.Awaiting(w => w.HandleAsync(events[3..], DeliveryOf(events[8], 1), CancellationToken.None)).Should().ThrowAsync<LeaseLostException>();
        await _database.VerifyAsync(2);
        (await _database.CheckpointAsync()).Should().BeEquivalentTo(new { Position = events[5].Position.ToInt64(), FencingToken = 2L });
        await late.Awaiting(w => w.HandleAsync(events[..1], DeliveryContext.Create(fencingToken: 1), CancellationToken.None)).Should().ThrowAsync<LeaseLostException>("a parked event is fenced too");
    }

    [Test]
    public async Task Events_that_another_process_has_committed_are_left_out()
    {
        await Shop.AppendAsync(_store, 0, 3);
        var events = await ReadAsync();
        var (first, second) = (Writer(), Writer());
        await second.LoadAsync(0, CancellationToken.None);
        await first.HandleAsync(events[..4], DeliveryOf(events[3], 1), CancellationToken.None);

        // It has loaded the token before the other process committed.
        await second.HandleAsync(events[..2], DeliveryOf(events[1], 2), CancellationToken.None);
        await second.HandleAsync(events[2..], DeliveryOf(events[8], 2), CancellationToken.None);
        await _database.VerifyAsync(3);
        await second.HandleAsync(events[2..], DeliveryOf(events[8], 2), CancellationToken.None);
        await _database.VerifyAsync(3);
    }

    [Test]
    public async Task A_parked_event_that_is_delivered_twice_counts_once()
    {
        await Shop.AppendAsync(_store, 0, 1);
        var events = await ReadAsync();
        var writer = Writer();
        foreach (var e in events)
            for (var time = 0; time < 2; time++)
                await writer.HandleAsync([e], DeliveryContext.Create(), CancellationToken.None);
        await _database.VerifyAsync(1);
        (await writer.LoadAsync(0, CancellationToken.None)).Should().BeNull("no place was committed");
    }

    [Test]
    public async Task A_checkpoint_that_was_moved_back_makes_the_process_load_it_again()
    {
        await Shop.AppendAsync(_store, 0, 3);
        var events = await ReadAsync();
        var writer = Writer();
        await writer.HandleAsync(events[..6], DeliveryOf(events[5], 1), CancellationToken.None);
        await using (var context = _database.Read())
            await context.Set<EventSourcingCheckpoint>().ExecuteUpdateAsync(set => set.SetProperty(c => c.Position, 1L));
        await writer.Awaiting(w => w.HandleAsync(events[6..], DeliveryOf(events[8], 1), CancellationToken.None)).Should().ThrowAsync<LeaseLostException>();
        await _database.VerifyAsync(2);
    }

    [Test]
    public async Task A_log_restored_with_lower_fencing_tokens_gets_higher_ones()
    {
        await Shop.AppendAsync(_store, 0, 3);
        var events = await ReadAsync();
        await Writer().HandleAsync(events[..3], DeliveryOf(events[2], 20), CancellationToken.None);
        await using var bus = new EventBus(_store);
        var subscription = await bus.ProjectAsync("order-rows", _database, Shop.Project);
        await subscription.WaitForPositionAsync(GlobalPosition.FromInt64(12)).WaitAsync(Signal.Patience);
        await _database.VerifyAsync(3);
        (await _database.CheckpointAsync()).FencingToken.Should().Be(20);
    }

    [Test]
    public async Task A_projection_moves_to_the_other_process_when_one_stops()
    {
        var (one, other) = (new EventBus(_store), new EventBus(_store));
        await using var disposeOther = other;
        await one.ProjectAsync("order-rows", _database, Shop.Project);
        await Shop.AppendAsync(_store, 0, 20);
        var standby = await other.ProjectAsync("order-rows", _database, Shop.Project);
        await standby.WaitForPositionAsync(GlobalPosition.FromInt64(80)).WaitAsync(Signal.Patience);
        var before = await _database.CheckpointAsync();

        await one.DisposeAsync();
        await Shop.AppendAsync(_store, 20, 20);
        await standby.WaitForPositionAsync(GlobalPosition.FromInt64(160)).WaitAsync(Signal.Patience);
        await _database.VerifyAsync(40);
        (await _database.CheckpointAsync()).FencingToken.Should().BeGreaterThan(before.FencingToken);
    }

    [Test]
    public async Task A_frozen_process_cannot_write_late([Values(1, 2, 3)] int round)
    {
        // The clock of the frozen process stands still: it renews nothing, and takes its lease to be held.
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var frozen = new EventBus(_store, new() { TimeProvider = clock, LeaseTimeout = TimeSpan.FromSeconds(1) });
        await using var other = new EventBus(_store, new() { LeaseTimeout = TimeSpan.FromSeconds(1) });
        using var slow = new Freezer(_database);
        var late = await frozen.ProjectAsync("order-rows", slow, Shop.Project, new() { CheckpointEvery = 5 });
        await Shop.AppendAsync(_store, 0, round);
        await late.WaitForPositionAsync(GlobalPosition.FromInt64(round * 4)).WaitAsync(Signal.Patience);

        slow.Freeze();
        await Shop.AppendAsync(_store, round, 20);
        await slow.Frozen.WaitAsync(Signal.Patience);
        var current = await other.ProjectAsync("order-rows", _database, Shop.Project);
        await current.WaitForPositionAsync(GlobalPosition.FromInt64((20 + round) * 4)).WaitAsync(Signal.Patience);
        current.State.Should().NotBe(SubscriptionState.Standby);

        var lost = new Signal();
        frozen.StateChanged += (_, _, _) => lost.Set();
        slow.Thaw();
        await lost.UntilAsync(() => late.State == SubscriptionState.Standby);
        (await late.GetStatusAsync()).LastError.Should().BeOfType<LeaseLostException>();
        await Shop.AppendAsync(_store, 20 + round, 5);
        await current.WaitForPositionAsync(GlobalPosition.FromInt64((25 + round) * 4)).WaitAsync(Signal.Patience);
        await _database.VerifyAsync(25 + round);
    }

    private ProjectionWriter<ShopContext> Writer()
    {
        var handlers = new DbContextHandlers<ShopContext>();
        Shop.Project(handlers);
        return new("order-rows", _database, handlers, TimeProvider.System);
    }

    private static DeliveryContext DeliveryOf(EventEnvelope last, long fence) => DeliveryContext.Create("order-rows", fencingToken: fence, resumeToken: last.ResumeToken);

    private async Task<EventEnvelope[]> ReadAsync()
    {
        var events = new List<EventEnvelope>();
        await foreach (var e in _store.ReadAllAsync())
            if (e.Data is Placed or Paid) events.Add(e);
        return [.. events];
    }

    /// <summary>Makes contexts, or waits where the process is frozen.</summary>
    private sealed class Freezer(ShopDatabase database) : IDbContextFactory<ShopContext>, IDisposable
    {
        private readonly TaskCompletionSource _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile TaskCompletionSource? _thaw;

        internal Task Frozen => _frozen.Task;

        public ShopContext CreateDbContext() => database.CreateDbContext();

        public async Task<ShopContext> CreateDbContextAsync(CancellationToken cancellationToken = default)
        {
            if (_thaw is { } thaw)
            {
                _frozen.TrySetResult();
                await thaw.Task;
            }

            return CreateDbContext();
        }

        public void Dispose() => Thaw();

        internal void Freeze() => _thaw = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Thaw() => _thaw?.TrySetResult();
    }
}
