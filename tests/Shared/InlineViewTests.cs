using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Inline views: in the transaction of each append, complete whatever else writes, and never in the way of other appends.</summary>
public abstract class InlineViewTests
{
    private IEventLog _log = null!;
    private EventStore _store = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void SetUp() => _store = new(_log = OpenLog(), ViewShop.Types);

    [TearDown]
    public async Task TearDown() => await _store.DisposeAsync();

    [Test]
    public async Task Append_is_in_the_view_when_it_returns()
    {
        await using var views = await StartAsync();
        for (var i = 1; i <= 5; i++)
        {
            var appended = await _store.AppendAsync($"order-{i}", ExpectedVersion.NoStream, [new Placed("ann", i)]);
            (await views.View<OrderRow>().FindAsync($"{i}"))!.Total.Should().Be(i);
            (await views.View<CustomerCard>().FindAsync("ann"))!.Orders.Should().Be(i);
            (await StatusAsync(views)).Position.Should().Be(appended.LastPosition);
        }

        (await views.View<OrderRow>().Where("customer", "ann").OrderByDescending("total").PageAsync(2)).Rows.Select(row => row.Id).Should().Equal("5", "4");
        (await views.VerifyAsync("orders")).Difference.Should().BeNull();
    }

    [Test]
    public async Task Status_of_an_inline_view_says_so()
    {
        await using var views = await StartAsync();
        await PlaceAsync("order-1");
        var status = await StatusAsync(views);
        (status.Mode, status.State, status.Build, status.Lag, status.Stall).Should().Be((ViewMode.Inline, SubscriptionState.Live, 1, 0, null));
    }

    [Test]
    public async Task Events_that_were_stored_before_are_handled_first()
    {
        for (var i = 0; i < 2_500; i++) await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        await using var views = Open(new ItemCounts());
        await views.StartAsync();
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(2_500);
        await using var other = new EventStore(_log, ViewShop.Types);
        await views.StopAsync();
        for (var i = 0; i < 2_500; i++) await other.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(2_500);
        (await views.GetStatusAsync())[0].Lag.Should().Be(2_500);
        await views.StartAsync();
        await AddAsync(1);
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(5_001);
    }

    [Test]
    public async Task Handler_that_fails_refuses_the_append_alone()
    {
        await using var views = Open(new ItemCounts(failsAtZero: true));
        await views.StartAsync();
        await AddAsync(1);
        var act = async () => await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 5), new Added("a", 0), new Added("b", 1)]);
        (await act.Should().ThrowAsync<ViewException>()).Which.Position.ToInt64().Should().Be(3);
        (await _store.GetStreamInfoAsync("cart-1")).Version.Should().Be(1);
        await AddAsync(2);
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
        (await views.View<Counted>().FindAsync("b")).Should().BeNull();
        (await StatusAsync(views)).State.Should().Be(SubscriptionState.Live);
        (await views.VerifyAsync("item-counts")).Difference.Should().BeNull();
    }

    [Test]
    public async Task Append_that_is_refused_leaves_the_others_of_its_group()
    {
        await using var views = Open(new ItemCounts(failsAtZero: true));
        await views.StartAsync();
        var appends = Enumerable.Range(0, 200).Select(i => Task.Run(() => _store.AppendAsync($"cart-{i}", ExpectedVersion.NoStream, [new Added("a", i % 5)]).AsTask())).ToArray();
        await Task.WhenAll(appends).ContinueWith(_ => { }, TaskScheduler.Default);
        for (var i = 0; i < appends.Length; i++)
        {
            appends[i].IsFaulted.Should().Be(i % 5 == 0);
            (await _store.GetStreamInfoAsync($"cart-{i}")).Version.Should().Be(i % 5 == 0 ? 0 : 1);
        }

        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(40 * (1 + 2 + 3 + 4));
        (await _store.GetHeadAsync()).ToInt64().Should().Be(160);
    }

    [Test]
    public async Task Event_of_others_that_a_handler_refuses_pauses_the_view_and_stops_no_append()
    {
        await using var views = Open(new ItemCounts(failsAtZero: true));
        await views.StartAsync();
        await AddAsync(1);
        await views.StopAsync();
        await AddAsync(2, 0, 3);
        await views.StartAsync();
        await AddAsync(4);
        var status = (await views.GetStatusAsync())[0];
        (status.State, status.Position.ToInt64()).Should().Be((SubscriptionState.Paused, 2));
        status.Stall.Should().Contain("zero");
        status.LastError.Should().BeOfType<ViewException>().And.BeSameAs(status.StateCause);
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
        var act = async () => await views.View<Counted>().At(await _store.GetHeadAsync()).FindAsync("a");
        await act.Should().ThrowAsync<SubscriptionException>();
        // Another process, without the handler's fault, handles the event.
        await using (var repaired = Open(new ItemCounts()))
        {
            await repaired.CatchUpAsync();
            (await repaired.View<Counted>().FindAsync("a"))!.Count.Should().Be(10);
        }

        await AddAsync(5);
        (await views.View<Counted>().At(await _store.GetHeadAsync()).FindAsync("a"))!.Count.Should().Be(15);
        status = (await views.GetStatusAsync())[0];
        (status.State, status.StateCause, status.Stall).Should().Be((SubscriptionState.Live, null, null));
    }

    [Test]
    public async Task Write_that_is_refused_after_its_append_leaves_the_view_as_it_was()
    {
        await using var views = Open(new ItemCounts());
        await views.StartAsync();
        await AddAsync(1);
        var written = await _log.WriteAsync(
            new() { Appends = [_store.Encode(new Append().To("cart-1", ExpectedVersion.Any, [new Added("a", 7)]))], Changes = [RecordChange.Put(RecordKind.Command, "x", new byte[] { 1 }, 9)] }, default);
        written.Refusal.Should().NotBeNull();
        await AddAsync(2);
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
    }

    [Test]
    public async Task Failure_of_an_append_within_a_write_is_its_refusal()
    {
        await using var views = Open(new ItemCounts(failsAtZero: true));
        await views.StartAsync();
        LogAppend Of(int quantity) => _store.Encode(new Append().To("cart-1", ExpectedVersion.Any, [new Added("a", quantity)]));
        var written = await _log.WriteAsync(new() { Appends = [Of(3), Of(0)] }, default);
        (written.Refusal!.Kind, written.Refusal.Index).Should().Be((LogRefusalKind.Append, 1));
        written.Refusal.Error.Should().BeOfType<ViewException>();
        (await _store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
        (await views.View<Counted>().FindAsync("a")).Should().BeNull();
    }

    [Test]
    public async Task View_that_is_rebuilt_continues_in_the_new_build()
    {
        await using var views = await StartAsync();
        await PlaceAsync("order-1");
        await views.RebuildAsync("orders");
        await PlaceAsync("order-2");
        (await StatusAsync(views)).Build.Should().Be(2);
        (await views.View<OrderRow>().All.CountAsync()).Should().Be(2);
        _log.Find<IInlineViews>()!.Storage.FindBuilds().Should().ContainSingle();
        (await views.VerifyAsync("orders")).Difference.Should().BeNull();
    }

    [Test]
    public async Task View_advances_while_it_is_rebuilt_and_verified()
    {
        await using var views = await StartAsync();
        using var stop = new CancellationTokenSource();
        var appending = Task.Run(async () =>
        {
            var count = 0;
            // Without the pause a log in memory grows faster than it is replayed.
            for (; !stop.IsCancellationRequested; count++, await Task.Delay(1)) await PlaceAsync($"order-{count}");
            return count;
        });
        for (var i = 0; i < 5; i++)
        {
            await views.RebuildAsync("orders");
            (await views.VerifyAsync("orders")).Difference.Should().BeNull();
        }

        await stop.CancelAsync();
        var placed = await appending;
        (await views.View<OrderRow>().All.CountAsync()).Should().Be(placed);
        (await views.VerifyAsync("orders")).Difference.Should().BeNull();
    }

    [Test]
    public async Task Document_of_one_key_is_built_again()
    {
        await using var views = Open(new ByStream());
        await views.StartAsync();
        await AddAsync(1, 2);
        await views.RebuildKeyAsync("by-stream", "cart-1");
        await AddAsync(3);
        (await views.View<Counted>().FindAsync("cart-1"))!.Count.Should().Be(3);
    }

    [Test]
    public async Task View_that_is_paused_by_a_call_continues_where_it_was()
    {
        await using var views = Open(new ItemCounts());
        await views.StartAsync();
        await AddAsync(1);
        await views.PauseAsync("item-counts");
        await AddAsync(2);
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(1);
        (await views.GetStatusAsync())[0].State.Should().Be(SubscriptionState.Paused);
        await views.ResumeAsync("item-counts");
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
    }

    [Test]
    public async Task Handler_that_calls_the_log_is_refused()
    {
        await using var views = Open(new Custom(() => _store.GetHeadAsync().AsTask().GetAwaiter().GetResult(), () => _store.AppendAsync("x-1", ExpectedVersion.Any, [new Added("a", 1)]).AsTask().GetAwaiter().GetResult()));
        await views.StartAsync();
        var act = async () => await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        await act.Should().ThrowAsync<ViewException>().WithInnerException<ViewException, InvalidOperationException>();
        (await _store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
    }

    [TestCase(ViewMode.Inline)]
    [TestCase(ViewMode.Async)]
    public async Task Store_may_be_closed_before_its_views(ViewMode mode)
    {
        for (var i = 0; i < 4; i++)
        {
            var store = new EventStore(OpenLog(), ViewShop.Types);
            var views = new EventViews(store, [new ViewSet(new ItemCounts()) { Mode = mode }]);
            await views.StartAsync();
            await store.DisposeAsync();
            await views.DisposeAsync();
        }
    }

    [Test]
    public async Task Two_objects_that_run_a_set_handle_each_event_once()
    {
        await using var first = Open(new ItemCounts());
        await using var second = Open(new ItemCounts());
        await first.StartAsync();
        await second.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(async () => await _store.AppendAsync($"cart-{i % 7}", ExpectedVersion.Any, [new Added("a", 1)]))));
        await first.PauseAsync("item-counts");
        await AddAsync(1);
        (await second.View<Counted>().FindAsync("a"))!.Count.Should().Be(101);
        (await second.VerifyAsync("item-counts")).Difference.Should().BeNull();
    }

    [Test]
    public async Task Mode_is_part_of_the_declaration()
    {
        await using (var views = Open(new ItemCounts())) await views.StartAsync();
        await using var other = new EventViews(_store, [new ItemCounts()]);
        var act = () => other.StartAsync();
        await act.Should().ThrowAsync<ViewDeclarationException>().WithMessage("*mode inline*");
    }

    [Test]
    public async Task Version_that_is_removed_leaves_nothing_in_the_log()
    {
        await using (var views = Open(new ItemCounts())) await views.StartAsync();
        _log.Find<IInlineViews>()!.Storage.FindBuilds().Should().ContainSingle();
        await using var other = new EventViews(_store, []);
        (await other.RemoveAsync("item-counts", 1)).Should().BeTrue();
        _log.Find<IInlineViews>()!.Storage.FindBuilds().Should().BeEmpty();
    }

    [Test]
    public async Task New_version_is_built_beside_the_old_one()
    {
        await using var first = Open(new ItemCounts());
        await first.StartAsync();
        await AddAsync(1);
        await using var second = Open(new ItemCounts(version: 2));
        await second.StartAsync();
        await AddAsync(2);
        (await first.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
        (await second.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
    }

    [Test]
    public async Task Append_that_was_stored_before_changes_nothing()
    {
        await using var views = Open(new ItemCounts());
        await views.StartAsync();
        for (var i = 0; i < 3; i++) await _store.AppendAsync(new Append { CommandId = "add" }.To("cart-1", ExpectedVersion.Any, [new Added("a", 2)]));
        (await views.View<Counted>().FindAsync("a"))!.Count.Should().Be(2);
    }

    [Test]
    public async Task Several_inline_views_and_an_async_one_agree()
    {
        await using var views = new EventViews(_store, [new ViewSet(new ItemCounts()) { Mode = ViewMode.Inline }, new ViewSet(new ByStream()) { Mode = ViewMode.Inline }, new ViewSet("orders", 1, new OrderList())]);
        await views.StartAsync();
        await PlaceAsync("order-1");
        await AddAsync(1, 2, 3);
        (await views.View<Counted>("item-counts").FindAsync("a"))!.Count.Should().Be(6);
        (await views.View<Counted>("by-stream").FindAsync("cart-1"))!.Count.Should().Be(3);
        (await views.View<OrderRow>().At(await _store.GetHeadAsync()).All.CountAsync()).Should().Be(1);
    }

    private static EventViews Open(EventStore store, Projection projection) => new(store, [new ViewSet(projection) { Mode = ViewMode.Inline }]);

    private EventViews Open(Projection projection) => Open(_store, projection);

    private async Task<EventViews> StartAsync()
    {
        var views = new EventViews(_store, [new ViewSet("orders", 1, new OrderList(), new CustomerCards()) { Mode = ViewMode.Inline }]);
        await views.StartAsync();
        return views;
    }

    private static async Task<ViewStatus> StatusAsync(EventViews views) => (await views.GetStatusAsync()).Single();

    private ValueTask<AppendResult> PlaceAsync(string order) => _store.AppendAsync(order, ExpectedVersion.NoStream, [new Placed("ann", 5)]);

    private ValueTask<AppendResult> AddAsync(params int[] quantities) => _store.AppendAsync("cart-1", ExpectedVersion.Any, quantities.Select(q => (object)new Added("a", q)).ToArray());

    private sealed class ByStream : Projection<Counted>
    {
        internal ByStream() : base("by-stream", 1, ViewShopJson.Default.Counted)
        {
            KeyIsStream();
            On<Added>((row, _) => new((row?.Count ?? 0) + 1));
        }
    }

    private sealed class Custom : Projection<Counted>
    {
        internal Custom(params Func<object?>[] calls) : base("custom", 1, ViewShopJson.Default.Counted)
        {
            KeyIsStream();
            On<Added>((row, _) =>
            {
                foreach (var call in calls) call();
                return new((row?.Count ?? 0) + 1);
            });
        }
    }
}
