using CsCheck;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Random histories, restarts, rebuilds and disconnections: what a client keeps by the changes of a view equals the view.</summary>
public abstract class ViewChangePropertyTests
{
    private enum Action
    {
        Place,
        Settle,
        Cancel,
        CatchUp,
        Follow,
        Restart,
        Rebuild,
        RebuildKey,
    }

    private static readonly Gen<(Action Action, int Order, int Amount)[]> s_history =
        Gen.Select(Gen.Frequency((8, Gen.Const(Action.Place)), (6, Gen.Const(Action.Settle)), (3, Gen.Const(Action.Cancel)), (4, Gen.Const(Action.CatchUp)), (4, Gen.Const(Action.Follow)),
            (1, Gen.Const(Action.Restart)), (1, Gen.Const(Action.Rebuild)), (1, Gen.Const(Action.RebuildKey))), Gen.Int[0, 4], Gen.Int[0, 2]).Array[1, 50];

    protected abstract IEventLog OpenLog();

    protected virtual int Histories => 100;

    protected virtual void CloseLog()
    {
    }

    [Test]
    public void Changes_applied_to_a_copy_equal_the_view() => Gen.Select(s_history, Gen.Int[1, 5]).Sample((history, writeEvery) => RunAsync(history, writeEvery).GetAwaiter().GetResult(), iter: Histories, threads: 1);

    [Test, CancelAfter(300_000)]
    public async Task Client_that_disconnects_1000_times_misses_nothing_and_gets_nothing_twice(CancellationToken cancellationToken)
    {
        const int events = 8_000;
        var random = new Random(TestContext.CurrentContext.Random.Next());
        await using var store = new EventStore(OpenLog(), ViewShop.Types);
        await using (var views = new EventViews(store, [new FollowedOrders(max: 1_000_000)], new() { WriteEvery = 2 }))
        {
            await store.AppendAsync("order-7", ExpectedVersion.Any, [new Placed("first", 1)], cancellationToken);
            await views.StartAsync(cancellationToken);
            var copy = new Copy<OrderRow>("followed-orders");
            await copy.ReadAsync(views);
            var before = new Dictionary<string, OrderRow>(copy.Rows);
            var writing = WriteAsync(store, new(random.Next()), events, cancellationToken);
            var disconnections = 0;
            for (var isEnd = false; !isEnd; disconnections++) isEnd = await FollowAsync(copy, views, random, cancellationToken);
            await writing;
            disconnections.Should().BeGreaterThan(1_000);
            await copy.ShouldEqualViewAsync(views);
            copy.Rows.Should().NotBeEquivalentTo(before);
            TestContext.Out.WriteLine($"{disconnections} disconnections, {copy.Changes} changes");
        }

        await store.DisposeAsync();
        CloseLog();
    }

    /// <summary>Handles a few changes; true after the last one.</summary>
    private static async Task<bool> FollowAsync(Copy<OrderRow> copy, EventViews views, Random random, CancellationToken cancellationToken)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var left = random.Next(5);
        // Cut off while it waits or reads, or between two changes.
        if (random.Next(4) == 0) cut.CancelAfter(TimeSpan.FromMilliseconds(random.Next(3)));
        try
        {
            await foreach (var change in copy.Follow(views, cut.Token))
            {
                // What was delivered and not handled is delivered again.
                if (left-- <= 0) return false;
                copy.Apply(change);
                if (change.Key == "end") return true;
            }
        }
        catch (OperationCanceledException) when (cut.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
        }

        return false;
    }

    private static async Task WriteAsync(EventStore store, Random random, int count, CancellationToken cancellationToken)
    {
        var placed = new HashSet<int>();
        for (var i = 0; i < count; i++)
        {
            var order = random.Next(40);
            object e = placed.Contains(order) ? new Settled(random.Next(10) == 0 ? -1 : i + 1) : new Placed($"c{i}", i);
            if (e is Settled { Amount: < 0 }) placed.Remove(order);
            else placed.Add(order);
            await store.AppendAsync($"order-{order}", ExpectedVersion.Any, [e], cancellationToken);
        }

        await store.AppendAsync("order-end", ExpectedVersion.Any, [new Placed("end", 0)], cancellationToken);
    }

    private async Task RunAsync((Action Action, int Order, int Amount)[] history, int writeEvery)
    {
        await using var store = new EventStore(OpenLog(), ViewShop.Types);
        var views = Open();
        var (orders, cards) = (new Copy<OrderRow>("followed-orders"), new Copy<CustomerCard>("followed-cards"));
        var placed = new HashSet<int>();
        var isRebuilt = false;
        try
        {
            await views.StartAsync();
            await views.CatchUpAsync();
            await orders.ReadAsync(views);
            await cards.ReadAsync(views);
            foreach (var (action, order, amount) in history)
            {
                switch (action)
                {
                    case Action.Place:
                        placed.Add(order);
                        await store.AppendAsync($"order-{order}", ExpectedVersion.Any, [new Placed($"c{amount}", order + amount)]);
                        break;
                    case Action.Settle when placed.Contains(order):
                        await store.AppendAsync($"order-{order}", ExpectedVersion.Any, [new Settled(amount)]);
                        break;
                    case Action.Cancel when placed.Remove(order):
                        await store.AppendAsync($"order-{order}", ExpectedVersion.Any, [new Settled(-1)]);
                        break;
                    case Action.CatchUp:
                        await views.CatchUpAsync();
                        break;
                    case Action.Restart:
                        await views.DisposeAsync();
                        views = Open();
                        await views.StartAsync();
                        break;
                    case Action.Rebuild:
                        await views.RebuildAsync("followed");
                        isRebuilt = true;
                        break;
                    case Action.RebuildKey:
                        // The set is active once it has handled an event.
                        placed.Add(order);
                        await store.AppendAsync($"order-{order}", ExpectedVersion.Any, [new Placed("c0", amount)]);
                        await views.CatchUpAsync();
                        await views.RebuildKeyAsync("followed-orders", $"{order}");
                        break;
                    case Action.Follow:
                        await CompareAsync();
                        break;
                }
            }

            await views.CatchUpAsync();
            await CompareAsync();
        }
        finally
        {
            await views.DisposeAsync();
            await store.DisposeAsync();
            CloseLog();
        }

        EventViews Open() => new(store, [new ViewSet("followed", 1, new FollowedOrders(), new FollowedCards())], new() { WriteEvery = writeEvery });

        async Task CompareAsync()
        {
            // Between the two reads of a comparison nothing may be written.
            await views.CatchUpAsync();
            if (isRebuilt)
            {
                await orders.ShouldBeLostAsync(views);
                await cards.ShouldBeLostAsync(views);
                await orders.ReadAsync(views);
                await cards.ReadAsync(views);
                isRebuilt = false;
            }

            await orders.CatchUpAsync(views);
            await cards.CatchUpAsync(views);
            await orders.ShouldEqualViewAsync(views);
            await cards.ShouldEqualViewAsync(views);
        }
    }
}
