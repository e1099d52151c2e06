using System.Text.Json.Serialization;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Projections and calls that are wrong or badly timed: never wrong documents, never a wait without end, and an error that names the cause.</summary>
public abstract class ViewMisuseTests
{
    private IEventLog _log = null!;
    private EventStore _store = null!;

    protected abstract IEventLog OpenLog();

    [SetUp]
    public void SetUp() => _store = new(_log = OpenLog(), ViewShop.Types);

    [TearDown]
    public async Task TearDown() => await _store.DisposeAsync();

    [Test, CancelAfter(60_000)]
    public async Task Documents_of_a_batch_that_failed_are_written_with_a_checkpoint_behind_their_events(CancellationToken cancellationToken)
    {
        await using var reader = new EventViews(_store, [Items()]);
        var seen = new List<(GlobalPosition, long)>();
        await using var views = new EventViews(_store, [Items((row, e) =>
        {
            if (e.Quantity != 0) return new((row?.Count ?? 0) + 1);
            using var snapshot = reader.OpenSnapshotAsync("items", null, cancellationToken).AsTask().GetAwaiter().GetResult();
            seen.Add((snapshot.Position, snapshot.View<Counted>().FindAsync("a", cancellationToken).AsTask().GetAwaiter().GetResult()?.Count ?? 0));
            throw new InvalidOperationException("zero");
        })]);
        await views.StartAsync(cancellationToken);
        await views.WaitForPositionAsync("items", (await AddAsync(1)).LastPosition, cancellationToken);
        var last = await AddAsync(1, 1, 1, 1, 0, 1);
        await Refused(views.WaitForPositionAsync("items", last.LastPosition, cancellationToken));
        seen.Should().HaveCountGreaterThan(1).And.OnlyContain(s => s.Item1.ToInt64() == s.Item2);
    }

    [Test, CancelAfter(60_000)]
    public async Task View_that_failed_within_a_batch_continues_with_each_event_once(CancellationToken cancellationToken)
    {
        await using (var broken = new EventViews(_store, [Items((row, e) => e.Quantity == 0 ? throw new InvalidOperationException("zero") : new((row?.Count ?? 0) + 1))]))
        {
            await broken.StartAsync(cancellationToken);
            await broken.WaitForPositionAsync("items", (await AddAsync(1)).LastPosition, cancellationToken);
            await Refused(broken.WaitForPositionAsync("items", (await AddAsync(1, 1, 0, 1)).LastPosition, cancellationToken));
        }

        await using var views = new EventViews(_store, [Items()]);
        await views.CatchUpAsync(cancellationToken);
        (await views.View<Counted>().FindAsync("a", cancellationToken))!.Count.Should().Be(5);
    }

    [Test]
    public async Task Key_that_is_returned_twice_is_one_document_and_one_call()
    {
        await using var views = new EventViews(_store, [new Custom(keys: (e, _) => [e.Sku, e.Sku, "b", e.Sku])]);
        await AddAsync(1, 1);
        await views.CatchUpAsync();
        (await views.View<Counted>().FindManyAsync(["a", "b"])).Values.Select(row => row.Count).Should().Equal(2, 2);
    }

    [Test]
    public async Task Keys_that_are_null_are_a_failure_that_says_so([Values] bool isOne)
    {
        await using var views = new EventViews(_store, [new Custom(keys: (_, _) => isOne ? [null!] : null!)]);
        await AddAsync(1);
        var failure = await Failure(views.CatchUpAsync());
        failure.InnerException!.Message.Should().Contain(isOne ? "the key is null" : "the function returned null");
    }

    [Test]
    public async Task Index_that_throws_is_a_failure_of_its_event([Values] bool isRunning)
    {
        var isBroken = true;
        await using var views = new EventViews(_store, [new Custom(index: row => row.Count == 3 && isBroken ? throw new InvalidOperationException("three") : row.Count)]);
        if (isRunning) await views.StartAsync();
        if (isRunning) await views.WaitForPositionAsync("items", (await AddAsync(1)).LastPosition);
        await AddAsync(isRunning ? [1, 1, 1] : [1, 1, 1, 1]);
        var failure = await Failure(views.CatchUpAsync());
        (failure.Position, failure.Key, failure.InnerException!.Message).Should().Be((GlobalPosition.FromInt64(3), "a", "three"));
        if (isRunning) (await views.View<Counted>().Where("count", 2).CountAsync()).Should().Be(1);
        isBroken = false;
        if (isRunning) await views.ResumeAsync("items");
        await views.CatchUpAsync();
        (await views.View<Counted>().Where("count", 4).CountAsync()).Should().Be(1);
        (await views.VerifyAsync("items")).IsEqual.Should().BeTrue();
    }

    [Test]
    public async Task Event_that_failed_leaves_nothing_for_look_ups()
    {
        var isBroken = true;
        var found = new List<int>();
        // The look-up of 7 comes first, so that the unwritten documents are listed by their values.
        await using var views = new EventViews(_store, [new Custom(
            keys: (e, rows) =>
            {
                found.Add(rows.Find("count", 7).Count);
                return [e.Sku, "b"];
            },
            handle: (row, e, key) => key == "b" && e.Quantity == 7 && isBroken ? throw new InvalidOperationException("seven") : new(e.Quantity),
            index: row => row.Count)]);
        await views.StartAsync();
        await views.CatchUpAsync();
        await AddAsync(1, 2, 7, 3);
        await Failure(views.CatchUpAsync());
        found[^1].Should().Be(0);
        (await views.View<Counted>().FindManyAsync(["a", "b"])).Values.Select(row => row.Count).Should().Equal(2, 2);
        isBroken = false;
        await views.ResumeAsync("items");
        await views.CatchUpAsync();
        found[^1].Should().Be(2);
        (await views.View<Counted>().Where("count", 3).CountAsync()).Should().Be(2);
    }

    [Test]
    public async Task Document_that_cannot_be_written_is_a_failure_of_its_event([Values] bool isRunning)
    {
        await using var views = new EventViews(_store, [new Averages()]);
        if (isRunning) await views.StartAsync();
        if (isRunning) await views.WaitForPositionAsync("averages", (await AddAsync(4)).LastPosition);
        await AddAsync(isRunning ? [2, 0] : [4, 2, 0]);
        var failure = await Failure(views.CatchUpAsync());
        (failure.Position, failure.Key).Should().Be((GlobalPosition.FromInt64(3), "a"));
        if (isRunning) (await views.View<Average>().FindAsync("a")).Should().Be(new Average(2));
    }

    [Test, CancelAfter(60_000)]
    public async Task Event_that_cannot_be_decoded_is_not_passed_by_a_build(CancellationToken cancellationToken)
    {
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, Enumerable.Range(0, 2600).Select(i => (object)new Added($"{i}", 1)).ToArray(), cancellationToken: cancellationToken);
        var odd = new EventStore(_log, EventTypeMap.Create(MisuseJson.Default, map => map.Add<OddAdded>("added")));
        await odd.AppendAsync("cart-1", ExpectedVersion.Any, [new OddAdded("odd", "1")], cancellationToken: cancellationToken);
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("last", 1)], cancellationToken: cancellationToken);
        var options = new EventViewsOptions { MaxCacheBytes = 1 << 20 };
        await using (var views = new EventViews(_store, [new ItemCounts()], options))
            await views.Invoking(v => v.CatchUpAsync(cancellationToken)).Should().ThrowAsync<Exception>();
        var mended = new EventStore(_log, EventTypeMap.Create(LenientJson.Default, map => map.Add<Added>("added")));
        await using var next = new EventViews(mended, [new ItemCounts()], options);
        await next.CatchUpAsync(cancellationToken);
        (await next.View<Counted>().All.CountAsync(cancellationToken)).Should().Be(2602);
    }

    [Test, CancelAfter(30_000)]
    public async Task Read_that_waits_ends_when_the_views_are_disposed([Values] bool hasPosition, CancellationToken cancellationToken)
    {
        var views = new EventViews(_store, [Items()]);
        var view = views.View<Counted>();
        var position = (await AddAsync(1)).LastPosition;
        var read = (hasPosition ? view.At(position) : view).FindAsync("a", cancellationToken).AsTask();
        await Task.Delay(100, cancellationToken);
        await views.DisposeAsync();
        await read.Invoking(r => r.WaitAsync(cancellationToken)).Should().ThrowAsync<ObjectDisposedException>();
        await view.Invoking(v => v.FindAsync("a", cancellationToken).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        await views.DisposeAsync();
        views.Dispose();
    }

    [Test, CancelAfter(30_000)]
    public async Task Set_that_is_started_while_another_call_catches_up_runs_on(CancellationToken cancellationToken)
    {
        await using var views = new EventViews(_store, [Items()]);
        await AddAsync(1);
        var calls = Enumerable.Range(0, 4).Select(_ => views.CatchUpAsync(cancellationToken)).ToList();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => views.StartAsync(cancellationToken)));
        await Task.WhenAll(calls);
        (await views.GetStatusAsync(cancellationToken)).Single().State.Should().NotBeNull();
        (await views.View<Counted>().At((await AddAsync(1)).LastPosition).FindAsync("a", cancellationToken))!.Count.Should().Be(2);
    }

    [Test, CancelAfter(30_000)]
    public async Task Calls_that_catch_up_at_once_end_together(CancellationToken cancellationToken)
    {
        await using var views = new EventViews(_store, [Items()]);
        for (var i = 0; i < 20; i++)
        {
            await AddAsync(1);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => views.CatchUpAsync(cancellationToken)));
            (await views.GetStatusAsync(cancellationToken)).Single().State.Should().BeNull();
        }
    }

    [Test, CancelAfter(60_000)]
    public async Task Nothing_runs_after_a_disposal_that_meets_a_start(CancellationToken cancellationToken)
    {
        await using var bus = new EventBus(_store);
        for (var i = 0; i < 20; i++)
        {
            var views = new EventViews(bus, [Items()]);
            var start = views.StartAsync(cancellationToken);
            await views.DisposeAsync();
            try
            {
                await start;
            }
            catch (ObjectDisposedException)
            {
                // As is right.
            }

            bus.Subscriptions.Should().BeEmpty();
        }
    }

    [Test, CancelAfter(30_000)]
    public async Task Handler_that_reads_its_own_view_at_its_event_fails(CancellationToken cancellationToken)
    {
        EventViews? views = null;
        await using var disposed = views = new EventViews(_store, [new Custom(
            withEnvelope: (row, _, envelope) => views!.View<Counted>().At(envelope.Position).FindAsync("a", cancellationToken).AsTask().GetAwaiter().GetResult())]);
        await views.StartAsync(cancellationToken);
        await views.CatchUpAsync(cancellationToken);
        await AddAsync(1);
        (await Failure(views.CatchUpAsync(cancellationToken))).InnerException.Should().BeOfType<InvalidOperationException>();
    }

    [Test]
    public async Task Keys_that_no_document_has_find_none()
    {
        await using var views = new EventViews(_store, [Items()]);
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("\uFFFD", 1), new Added("a", 1)]);
        await views.CatchUpAsync();
        foreach (var key in new[] { "", "\uD800", "a\0b", "a\0", new string('k', 5000) }) (await views.View<Counted>().FindAsync(key)).Should().BeNull();
        (await views.View<Counted>().FindManyAsync(["\uD800", "\uFFFD"])).Keys.Should().Equal("\uFFFD");
    }

    [Test, CancelAfter(30_000)]
    public async Task Removal_of_a_version_that_runs_elsewhere_ends_it_with_an_error(CancellationToken cancellationToken)
    {
        await using var views = new EventViews(_store, [new ItemCounts()]);
        await using var next = new EventViews(_store, [new ItemCounts(version: 2)]);
        await views.StartAsync(cancellationToken);
        await views.CatchUpAsync(cancellationToken);
        await next.CatchUpAsync(cancellationToken);
        (await next.RemoveAsync("item-counts", 1, cancellationToken)).Should().BeTrue();
        var added = await AddAsync(1);
        await Refused(views.WaitForPositionAsync("item-counts", added.LastPosition, cancellationToken));
        await views.View<Counted>().Invoking(v => v.FindAsync("a", cancellationToken).AsTask()).Should().ThrowAsync<EventSourcingException>();
    }

    [Test, CancelAfter(60_000)]
    public async Task Rebuild_that_fails_leaves_the_view_and_the_next_one_begins_again(CancellationToken cancellationToken)
    {
        await AddAsync(1, 2, 3);
        await using (var views = new EventViews(_store, [Items()])) await views.CatchUpAsync(cancellationToken);
        await using (var broken = new EventViews(_store, [Items((_, e) => e.Quantity == 3 ? throw new InvalidOperationException("three") : new(-1))]))
        {
            await Failure(broken.RebuildAsync("items", null, cancellationToken));
            (await broken.View<Counted>().FindAsync("a", cancellationToken))!.Count.Should().Be(3);
        }

        await using var mended = new EventViews(_store, [Items()]);
        await mended.RebuildAsync("items", null, cancellationToken);
        (await mended.View<Counted>().FindAsync("a", cancellationToken))!.Count.Should().Be(3);
        _log.Find<IViewStorage>()!.FindBuilds().Should().ContainSingle();
    }

    [Test]
    public async Task Handler_that_changes_the_document_that_it_is_given_fails_and_changes_nothing([Values("same", "new", "throw", "list")] string what)
    {
        await using var views = new EventViews(_store, [new Mutating(what)]);
        await views.StartAsync();
        await views.CatchUpAsync();
        await AddAsync(1, 2, 3);
        var failure = await Failure(views.CatchUpAsync());
        (failure.Position, failure.InnerException!.Message).Should().Be((GlobalPosition.FromInt64(2), what == "throw" ? "it throws" : "the handler has changed the document that it was given: it must return a new one and leave the given one as it is"));
        (await views.View<Basket>().FindAsync("a")).Should().BeEquivalentTo(new Basket { Count = 1 });
    }

    [Test, CancelAfter(60_000)]
    public async Task View_that_is_replaced_while_it_runs_keeps_its_lease(CancellationToken cancellationToken)
    {
        await using var bus = new EventBus(_store);
        await using var views = new EventViews(bus, [new ByStream()]);
        await views.StartAsync(cancellationToken);
        await views.WaitForPositionAsync("by-stream", (await AddAsync(1)).LastPosition, cancellationToken);
        // Each of them raises the epoch of the builds' lease, and none that of the set's.
        for (var i = 0; i < 5; i++) await views.VerifyAsync("by-stream", null, cancellationToken);
        await views.RebuildAsync("by-stream", null, cancellationToken);
        await views.RebuildKeyAsync("by-stream", "cart-1", cancellationToken);
        (await views.View<Counted>().At((await AddAsync(1)).LastPosition).FindAsync("cart-1", cancellationToken))!.Count.Should().Be(2);
        (await views.GetStatusAsync(cancellationToken)).Single().LastError.Should().BeNull();
    }

    [Test, CancelAfter(60_000)]
    public async Task Record_of_one_set_that_is_damaged_does_not_keep_another_from_being_built_again(CancellationToken cancellationToken)
    {
        await using var bus = new EventBus(_store, new() { LeaseTimeout = TimeSpan.FromMilliseconds(300) });
        await using var views = new EventViews(bus, [new ByStream(), Items()]);
        await views.StartAsync(cancellationToken);
        await AddAsync(1);
        await views.CatchUpAsync(cancellationToken);
        await _log.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.View, "by-stream.v1", "no JSON"u8.ToArray())] }, cancellationToken);
        var storage = _log.Find<IViewStorage>()!;
        foreach (var build in storage.FindBuilds().Where(id => id.Set == "items")) storage.TryRemove(build);
        while (!storage.FindBuilds().Any(id => id.Set == "items")) await Task.Delay(20, cancellationToken);
        (await views.View<Counted>("items").FindAsync("a", cancellationToken))!.Count.Should().Be(1);
    }

    [TestCase("view:items.v1")]
    [TestCase("view-build:items.v1")]
    public async Task Subscription_with_the_name_of_a_view_is_refused(string name)
    {
        await using var bus = new EventBus(_store);
        var act = () => bus.SubscribeAsync<Added>(name, (_, _, _) => Task.CompletedTask);
        await act.Should().ThrowAsync<ArgumentException>().WithMessage($"*'{name}' is reserved*");
    }

    [Test]
    public async Task Version_that_was_removed_does_not_come_back_by_a_process_that_reads_it()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var bus = new EventBus(_store, new() { TimeProvider = clock });
        await using var reader = new EventViews(bus, [Items()]);
        await using (var views = new EventViews(_store, [Items()])) await views.CatchUpAsync();
        (await reader.View<Counted>().All.CountAsync()).Should().Be(0);
        await using (var other = new EventViews(_store, [])) (await other.RemoveAsync("items", 1)).Should().BeTrue();
        clock.Advance(TimeSpan.FromMinutes(1));
        var act = async () => await reader.View<Counted>().FindAsync("a");
        await act.Should().ThrowAsync<StoreConfigurationException>().WithMessage("*removed*");
        (await _log.ReadRecordsAsync(RecordKind.View, "items.v1", "items.v1", 1, default)).Should().BeEmpty();
    }

    private ValueTask<AppendResult> AddAsync(params int[] quantities) => _store.AppendAsync("cart-1", ExpectedVersion.Any, quantities.Select(q => (object)new Added("a", q)).ToArray());

    private static Custom Items(Func<Counted?, Added, Counted?>? handle = null) => new(handle: handle is null ? null : (row, e, _) => handle(row, e));

    private static async Task<Exception> Refused(Task call)
    {
        var act = () => call;
        return (await act.Should().ThrowAsync<SubscriptionException>()).Which;
    }

    private static async Task<ViewException> Failure(Task call)
    {
        var act = () => call;
        Exception? error = (await act.Should().ThrowAsync<EventSourcingException>()).Which;
        while (error is not (ViewException or null)) error = error.InnerException;
        return error.Should().BeOfType<ViewException>().Subject;
    }

    /// <summary>Counts events by key, where nothing else is said.</summary>
    private sealed class Custom : Projection<Counted>
    {
        internal Custom(
            Func<Added, ViewRows<Counted>, IEnumerable<string>>? keys = null, Func<Counted?, Added, string, Counted?>? handle = null, Func<Counted, ViewValue>? index = null,
            Func<Counted?, Added, EventEnvelope, Counted?>? withEnvelope = null) : base("items", 1, ViewShopJson.Default.Counted)
        {
            if (keys is null) Key<Added>((e, _) => e.Sku);
            else Keys<Added>(keys);
            if (index is not null) Index("count", index);
            if (withEnvelope is not null) On<Added>(withEnvelope);
            else On<Added>((row, e, _, rows) => handle is null ? new((row?.Count ?? 0) + 1) : handle(row, e, rows.Key));
        }
    }

    private sealed class Mutating : Projection<Basket>
    {
        internal Mutating(string what) : base("baskets", 1, MisuseJson.Default.Basket)
        {
            Key<Added>((e, _) => e.Sku);
            On<Added>((row, e) =>
            {
                if (row is null) return new() { Count = e.Quantity };
                if (what == "list") row.Items.Add(e.Sku);
                else row.Count += e.Quantity;
                return what switch { "new" => new() { Count = row.Count }, "throw" => throw new InvalidOperationException("it throws"), _ => row };
            });
        }
    }

    private sealed class ByStream : Projection<Counted>
    {
        internal ByStream() : base("by-stream", 1, ViewShopJson.Default.Counted)
        {
            KeyIsStream();
            On<Added>((row, _) => new((row?.Count ?? 0) + 1));
        }
    }

    private sealed class Averages : Projection<Average>
    {
        internal Averages() : base("averages", 1, MisuseJson.Default.Average)
        {
            Key<Added>((e, _) => e.Sku);
            On<Added>((row, e) => new(e.Quantity == 0 ? double.NaN : e.Quantity));
        }
    }
}

internal sealed record Average(double Value);

internal sealed class Basket
{
    public int Count { get; set; }

    public List<string> Items { get; init; } = [];
}

internal sealed record OddAdded(string Sku, string Quantity);

[JsonSerializable(typeof(Average)), JsonSerializable(typeof(Basket)), JsonSerializable(typeof(OddAdded))]
internal sealed partial class MisuseJson : JsonSerializerContext;

[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(Added))]
internal sealed partial class LenientJson : JsonSerializerContext;
