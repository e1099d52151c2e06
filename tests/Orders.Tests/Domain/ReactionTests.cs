using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;

namespace Orders.Tests.Domain;

[TestFixture, FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ReactionTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly OrderCreated s_created = new("42", "u-1", "United Kingdom", default, 6.78m, [new("lantern", "Lantern", 2, 3.39m)]);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private Task<IEventStore> OpenAsync() => Stores.OpenAsync(_folder.File("shop.db"));

    private static async Task<string[]> TypesAsync(IEventStore store) => await store.ReadStreamAsync(Streams.Order("42")).Select(e => e.Type).ToArrayAsync();

    private static async Task ReactAsync(IEventStore store, IEventStore? through = null, SentCommands? sent = null)
    {
        await using var bus = new EventBus(through ?? store, new() { LeaseTimeout = TimeSpan.FromMilliseconds(100) }, sent ?? ShopCommands.On(store));
        var reactions = await ShopReactions.StartAsync(bus);
        if (through is null) await Task.WhenAll(reactions.Select(async r => await r.WaitForPositionAsync(await store.GetHeadAsync()))).WaitAsync(s_patience);
        else await sent!.All.Task.WaitAsync(s_patience);
    }

    [Test]
    public async Task A_paid_order_is_scheduled_and_no_other()
    {
        await using var store = await OpenAsync();
        await store.AppendAsync(Streams.Order("42"), ExpectedVersion.NoStream, [s_created, new OrderPaid(6.78m)]);
        await store.AppendAsync(Streams.Order("43"), ExpectedVersion.NoStream, [s_created with { OrderId = "43" }, new OrderPaid(1m)]);
        await ReactAsync(store);
        (await store.LoadAsync<Order>(Streams.Order("42"))).State.IsShippingScheduled.Should().BeTrue();
        (await store.LoadAsync<Order>(Streams.Order("43"))).State.IsShippingScheduled.Should().BeFalse();
    }

    [Test]
    public async Task A_cancelled_order_that_was_paid_is_refunded_because_it_was_cancelled()
    {
        await using var store = await OpenAsync();
        await store.AppendAsync(Streams.Order("42"), ExpectedVersion.NoStream, [s_created, new OrderPaid(6.78m)]);
        await store.ExecuteAsync<Order>(Streams.Order("42"), order => order.Cancel("late"), new() { Metadata = new() { Actor = "u-1" } });
        await ReactAsync(store);
        var events = await store.ReadStreamAsync(Streams.Order("42")).ToListAsync();
        var refund = events.Single(e => e.Data is OrderRefunded);
        refund.Data.Should().Be(new OrderRefunded(6.78m));
        (refund.CausationId, refund.Actor).Should().Be((events.Single(e => e.Data is OrderCancelled).EventId.ToString(), "u-1"));
    }

    [Test]
    public async Task Killed_between_command_and_checkpoint_an_order_is_scheduled_and_refunded_exactly_once()
    {
        const int kills = 5;
        await using (var store = await OpenAsync())
        {
            await store.AppendAsync(Streams.Order("42"), ExpectedVersion.NoStream, [s_created]);
            await ShopCommands.On(store).SendAsync(new PayOrder("42", 6.78m), new() { CommandId = "pay-42" });
            await ReactAsync(store);
            await store.ExecuteAsync<Order>(Streams.Order("42"), order => order.Cancel("late"));
        }

        var (refunds, repeated) = (0, 0);
        for (var kill = 0; kill < kills; kill++)
        {
            // Once the command is sent, nothing of this process reaches the file any more: no checkpoint, no lease given back.
            await using var store = await OpenAsync();
            var dying = new DyingLog(store.Log);
            var sent = new SentCommands(ShopCommands.On(store), dying.Die);
            await ReactAsync(store, new EventStore(dying, ShopEvents.Types), sent);
            (refunds, repeated) = (refunds + sent.Refunds, repeated + sent.Repeated);
        }

        (refunds, repeated).Should().Be((kills, kills - 1), "each process sent the command, and all but the first were answered with the first result");
        await using var reopened = await OpenAsync();
        await ReactAsync(reopened);
        (await TypesAsync(reopened)).Should().Equal("order-created", "order-paid", "shipping-scheduled", "order-cancelled", "order-refunded");
    }

    [Test]
    public async Task A_hundred_redeliveries_change_nothing()
    {
        await using var store = await OpenAsync();
        await store.AppendAsync(Streams.Order("42"), ExpectedVersion.NoStream, [s_created, new OrderPaid(6.78m), new OrderCancelled("late")]);
        await using var bus = new EventBus(store, commands: ShopCommands.On(store));
        var reactions = await ShopReactions.StartAsync(bus);
        for (var i = 0; i < 100; i++)
            foreach (var reaction in reactions)
            {
                await reaction.WaitForPositionAsync(await store.GetHeadAsync()).WaitAsync(s_patience);
                await reaction.ResetAsync(StartFrom.Beginning).WaitAsync(s_patience);
            }

        foreach (var reaction in reactions) await reaction.WaitForPositionAsync(await store.GetHeadAsync()).WaitAsync(s_patience);
        (await TypesAsync(store)).Should().Equal("order-created", "order-paid", "order-cancelled", "order-refunded");
    }

    /// <summary>Sends, counts the refunds and what was a repeat, and says so when the first refund is done.</summary>
    private sealed class SentCommands(ICommandBus commands, Action refunded) : ICommandBus
    {
        public bool Handles(Type command) => commands.Handles(command);

        internal TaskCompletionSource All { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal int Refunds { get; private set; }

        internal int Repeated { get; private set; }

        public async ValueTask<AppendResult> SendAsync(object command, ExecuteOptions? options = null, CancellationToken cancellationToken = default)
        {
            var result = await commands.SendAsync(command, options, cancellationToken);
            if (command is not RefundOrder) return result;
            Refunds++;
            if (result.WasDuplicate) Repeated++;
            refunded();
            All.TrySetResult();
            return result;
        }

        public ValueTask<AppendResult> SendTogetherAsync(IEnumerable<object> all, ExecuteOptions? options = null, CancellationToken cancellationToken = default) =>
            commands.SendTogetherAsync(all, options, cancellationToken);
    }
}
