using System.Text.Json.Serialization.Metadata;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Views;

[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DeclarationTests
{
    private readonly EventStore _store = new(new InMemoryEventLog(), ViewShop.Types);

    [TearDown]
    public async Task CloseAsync() => await _store.DisposeAsync();

    [Test]
    public void Projection_without_a_version_is_refused() =>
        Refuses<ArgumentOutOfRangeException>(() => new Built("counts", 0), "*'counts'*version*");

    [TestCase("")]
    [TestCase("Counts")]
    [TestCase("a b")]
    [TestCase("ä")]
    [TestCase("a/b")]
    [TestCase("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x")]
    public void Name_that_no_file_may_have_is_refused(string name)
    {
        Refuses<ArgumentException>(() => new Built(name), "*lower-case ASCII letters*");
        Refuses<ArgumentException>(() => new ViewSet(name, 1, [new ItemCounts()]), "*lower-case ASCII letters*");
    }

    [Test]
    public void Document_without_a_contract_is_refused() =>
        Refuses<ArgumentNullException>(() => new Built("counts", 1, hasContract: false), "*'counts'*JsonSerializable(typeof(Counted))*");

    [Test]
    public void Two_handlers_of_one_event_type_are_refused() => Refuses<ArgumentException>(() => new Built("counts", build: p =>
    {
        p.Handle();
        p.Handle();
    }), "*'counts'*Added already*");

    [Test]
    public void Handler_without_a_key_is_refused() => Refuses<InvalidOperationException>(() => new ViewSet(new Built("counts", build: p => p.Handle())), "*'counts'*Added*Key<Added>*");

    [Test]
    public void Key_without_a_handler_is_refused() => Refuses<InvalidOperationException>(() => new ViewSet(new Built("counts", build: p =>
    {
        p.HandleByStream();
        p.KeyOf((Placed e) => e.Customer);
    })), "*'counts'*Placed*no handler*");

    [Test]
    public void Projection_without_a_handler_is_refused() => Refuses<InvalidOperationException>(() => new ViewSet(new Built("counts")), "*'counts'*no handler*");

    [Test]
    public void Declaration_after_the_constructor_is_refused()
    {
        var built = new Built("counts", build: p => p.HandleByStream());
        _ = new ViewSet(built);
        Refuses<InvalidOperationException>(() => built.IndexBy("count"), "*'counts'*constructor*");
    }

    [TestCase("key")]
    [TestCase("Position")]
    [TestCase("json")]
    [TestCase("1st")]
    [TestCase("a-b")]
    [TestCase("")]
    public void Index_that_no_column_may_be_is_refused(string name) => Refuses<ArgumentException>(() => new Built("counts", build: p => p.IndexBy(name)), "*index*");

    [Test]
    public void Two_indexes_of_one_name_are_refused() => Refuses<ArgumentException>(() => new Built("counts", build: p =>
    {
        p.IndexBy("count");
        p.IndexBy("COUNT");
    }), "*index 'COUNT' already*");

    [Test]
    public void Projections_or_sets_of_one_name_are_refused()
    {
        Refuses<ArgumentException>(() => new ViewSet("two", 1, [new ItemCounts(), new ItemCounts()]), "*two projections 'item-counts'*");
        Refuses<ArgumentException>(() => new EventViews(_store, [new ItemCounts(), new ItemCounts()]), "*'item-counts'*");
        Refuses<ArgumentException>(() => new EventViews(_store, [new ItemCounts(), new ViewSet("other", 1, [new ItemCounts()])]), "*projections have the name 'item-counts'*");
    }

    [Test]
    public void Projection_that_reads_one_after_it_is_refused() =>
        Refuses<ArgumentException>(() => new ViewSet("orders", 1, [new CustomerCards(), new OrderList()]), "*'customer-cards' reads 'order-list'*before*");

    [Test]
    public void Event_type_that_the_map_does_not_have_is_refused() =>
        Refuses<UnknownEventTypeException>(() => new EventViews(_store, [new Built("counts", build: p => p.HandleByStream<Order>())]), "*Order*");

    [Test]
    public void View_that_is_not_declared_is_refused()
    {
        var views = new EventViews(_store, [new ItemCounts(), new ViewSet("more", 1, [new Built("counts", build: p => p.HandleByStream())])]);
        Refuses<ArgumentException>(() => views.View<Counted>(), "*Several projections*item-counts*counts*");
        Refuses<ArgumentException>(() => views.View<OrderRow>(), "*No projection*OrderRow*");
        Refuses<ArgumentException>(() => views.View<OrderRow>("counts"), "*'counts' are*Counted*");
        Refuses<ArgumentException>(() => views.View<Counted>("nope"), "*'nope'*item-counts*");
        Refuses<ArgumentException>(() => views.View<Counted>("counts").Where("nope", 1), "*'counts' has no index 'nope'*none*");
    }

    [Test]
    public Task Null_key_stops_the_view_at_the_event() => StopsAsync(new Built("counts", build: p => p.HandleWithKey(null)), "*'counts' failed at position 1*'added'*the key is null*");

    [Test]
    public Task Key_that_no_store_keeps_stops_the_view() => StopsAsync(new Built("counts", build: p => p.HandleWithKey("a\u0001")), "*control characters*");

    [Test]
    public Task Missing_document_of_an_existing_handler_stops_the_view() => StopsAsync(new Built("counts", build: p => p.HandleExisting()), "*key 'a'*no document*OnExisting*");

    [Test]
    public Task Look_up_outside_the_set_stops_the_view() => StopsAsync(new Built("counts", build: p => p.LookUpElsewhere()), "*reads 'order-list' and does not say so*After(\"order-list\")*");

    [Test]
    public Task Look_up_by_an_index_that_is_not_there_stops_the_view() => StopsAsync(new Built("counts", build: p => p.LookUpByIndex()), "*no index 'nope'*");

    [Test]
    public void Contract_that_gains_a_property_is_another_declaration()
    {
        var before = new ViewSet(new Built("counts", build: p => p.HandleByStream())).Describe(ViewShop.Types);
        before.Should().Be("projection counts\n  document {Count: integer}\n  key stream\n  event added");
        new ViewSet(new OrderList()).Describe(ViewShop.Types).Should().Contain("document {Created: string, Customer: string, Id: string, Paid: number, Total: number}").And.Contain("event renamed, existing document, own key");
    }

    private async Task StopsAsync(Projection projection, string message)
    {
        await using var views = new EventViews(_store, [projection]);
        await _store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        Exception? error = (await ((Func<Task>)(() => views.CatchUpAsync())).Should().ThrowAsync<SubscriptionException>()).Which;
        while (error is not (null or ViewException)) error = error.InnerException;
        error.Should().BeOfType<ViewException>().Which.Message.Should().Match(message);
        (await views.GetStatusAsync())[0].Position.Should().Be(GlobalPosition.Start);
    }

    private static void Refuses<T>(Func<object?> act, string message) where T : Exception => act.Should().Throw<T>().WithMessage(message);

    private static void Refuses<T>(Action act, string message) where T : Exception => act.Should().Throw<T>().WithMessage(message);

    private sealed class Built : Projection<Counted>
    {
        internal Built(string name, int version = 1, bool hasContract = true, Action<Built>? build = null) : base(name, version, hasContract ? ViewShopJson.Default.Counted : (JsonTypeInfo<Counted>)null!) => build?.Invoke(this);

        internal void Handle() => On<Added>((row, e) => new((row?.Count ?? 0) + e.Quantity));

        internal void HandleByStream() => HandleByStream<Added>();

        internal void HandleByStream<T>() where T : notnull
        {
            KeyIsStream();
            On<T>((row, _) => new((row?.Count ?? 0) + 1));
        }

        internal void KeyOf<T>(Func<T, string> key) where T : notnull => Key<T>((e, _) => key(e));

        internal void IndexBy(string name) => Index(name, row => row.Count);

        internal void HandleWithKey(string? key)
        {
            Key<Added>((_, _) => key);
            Handle();
        }

        internal void HandleExisting()
        {
            Key<Added>((e, _) => e.Sku);
            OnExisting<Added>((row, e) => new(row.Count + e.Quantity));
        }

        internal void LookUpElsewhere()
        {
            KeyIsStream();
            On<Added>((_, _, _, rows) => new(rows.Of<OrderRow>("order-list").Get("1") is null ? 0 : 1));
        }

        internal void LookUpByIndex()
        {
            Keys<Added>((_, rows) => rows.Find("nope", 1));
            Handle();
        }
    }
}
