using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Live views: folded at each read from the events of the key, and refused where that is not possible.</summary>
public abstract class LiveViewTests
{
    private EventStore _store = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void SetUp() => _store = new(OpenLog(), ViewShop.Types);

    [TearDown]
    public async Task TearDown() => await _store.DisposeAsync();

    [Test]
    public async Task Document_is_folded_from_the_events_of_its_stream()
    {
        await using var views = Open(new ByStream());
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1), new Settled(1), new Added("a", 2)]);
        await _store.AppendAsync("cart-2", ExpectedVersion.Any, [new Added("a", 1)]);
        (await views.View<Counted>().FindAsync("1"))!.Count.Should().Be(2);
        (await views.View<Counted>().FindManyAsync(["2", "1", "3", "1"])).Should().BeEquivalentTo(new Dictionary<string, Counted> { ["1"] = new(2), ["2"] = new(1) });
        (await views.View<Counted>().FindAsync("")).Should().BeNull();
        (await views.View<Counted>().FindAsync(new string('x', 600))).Should().BeNull();
        var status = (await views.GetStatusAsync()).Single();
        (status.Mode, status.State, status.Lag, status.Build).Should().Be((ViewMode.Live, null, 0, 0));
    }

    [Test]
    public async Task Document_is_folded_from_the_events_with_its_tag()
    {
        await using var views = Open(new ByCustomer());
        await _store.AppendAsync("order-1", ExpectedVersion.Any, [new Placed("ann", 5)]);
        await _store.AppendAsync("order-2", ExpectedVersion.Any, [new Placed("bob", 5)]);
        await _store.AppendAsync("order-3", ExpectedVersion.Any, [new Placed("ann", 5)]);
        (await views.View<Counted>().FindAsync("ann"))!.Count.Should().Be(2);
    }

    [Test, CancelAfter(20_000)]
    public async Task Read_at_a_position_waits_for_it(CancellationToken cancellationToken)
    {
        await using var views = Open(new ByStream());
        var read = views.View<Counted>().At(GlobalPosition.FromInt64(2)).FindAsync("1", cancellationToken).AsTask();
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)], cancellationToken: cancellationToken);
        await Task.Delay(50, cancellationToken);
        read.IsCompleted.Should().BeFalse();
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)], cancellationToken: cancellationToken);
        (await read)!.Count.Should().Be(2);
    }

    [Test]
    public async Task Nothing_is_stored_and_what_needs_it_is_refused()
    {
        await using var views = Open(new ByStream());
        await views.StartAsync();
        await views.CatchUpAsync();
        foreach (var act in new Func<Task>[]
        {
            () => views.RebuildAsync("by-stream"), () => views.VerifyAsync("by-stream"), () => views.PauseAsync("by-stream"), () => views.RebuildKeyAsync("by-stream", "1"),
            () => views.OpenSnapshotAsync("by-stream").AsTask(), () => views.View<Counted>().All.CountAsync().AsTask(),
        })
            await act.Should().ThrowAsync<NotSupportedException>().WithMessage("View set 'by-stream.v1' is live and stores nothing*");
        (await _store.Log.ReadRecordsAsync(RecordKind.View, "", null, 1, default)).Should().BeEmpty();
    }

    [Test]
    public void Projection_that_needs_more_than_the_events_of_one_key_is_refused()
    {
        Wiring(new ItemCounts()).Should().Throw<NotSupportedException>().WithMessage("Projection 'item-counts' of view set 'item-counts' cannot be live: its keys are neither*");
        Wiring(new OrderList()).Should().Throw<NotSupportedException>();
        Wiring(new Halves()).Should().Throw<NotSupportedException>();

        static Func<ViewSet> Wiring(Projection projection) => () => new(projection) { Mode = ViewMode.Live };
    }

    [Test]
    public async Task Handler_that_fails_fails_the_read()
    {
        await using var views = Open(new ByStream());
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 0)]);
        var act = async () => await views.View<Counted>().FindAsync("1");
        (await act.Should().ThrowAsync<ViewException>()).Which.Position.ToInt64().Should().Be(1);
    }

    [Test]
    public async Task Views_that_are_disposed_are_not_read()
    {
        var views = Open(new ByStream());
        await views.DisposeAsync();
        var act = async () => await views.View<Counted>().FindAsync("1");
        await act.Should().ThrowAsync<ObjectDisposedException>();
    }

    private EventViews Open(Projection projection) => new(_store, [new ViewSet(projection) { Mode = ViewMode.Live }]);

    private sealed class ByStream : Projection<Counted>
    {
        internal ByStream() : base("by-stream", 1, ViewShopJson.Default.Counted)
        {
            KeyIsStream("cart");
            On<Added>((row, e) => e.Quantity == 0 ? throw new InvalidOperationException("zero") : new((row?.Count ?? 0) + 1));
        }
    }

    private sealed class ByCustomer : Projection<Counted>
    {
        internal ByCustomer() : base("by-customer", 1, ViewShopJson.Default.Counted)
        {
            KeyIsTag("customer");
            On<Placed>((row, _) => new((row?.Count ?? 0) + 1));
        }
    }
}
