using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.CompileTime;

/// <summary>Wrong states, events and decisions that the compiler refuses.</summary>
public sealed class DecisionSnippetTests
{
    private const string Domain = """
        public sealed record Paid(decimal Amount);

        public sealed record Order(decimal Due) : IState<Order>
        {
            public static Order Create() => new(0m);
            public Order Apply(object e) => this;
            public IEnumerable<object> Pay(decimal amount) => [new Paid(amount)];
        }

        public sealed class Cart : Aggregate
        {
            public void Add() => Raise(new Paid(1m));
            protected override void Apply(object e) { }
        }

        public static class Program
        {
            public static async Task RunAsync(IEventStore store, Order order, DateTimeOffset now, Func<Task<IEnumerable<object>>> price)
            {
                PROGRAM
            }
        }
        """;

    private static IReadOnlyList<string> Errors(string statement) => Snippet.Errors(Domain.Replace("PROGRAM", statement, StringComparison.Ordinal), usings: "EventSourcing.Testing");

    [Test]
    public void State_with_a_shared_first_value_is_refused() => Snippet.Errors("""
        public sealed class Order : IState<Order>
        {
            public static Order Initial { get; } = new();
            public Order Apply(object e) => this;
        }
        """).Should().Equal("CS0535");

    [Test]
    public void First_state_that_is_created_later_is_refused() => Snippet.Errors("""
        public sealed class Order : IState<Order>
        {
            public static async Task<Order> Create() { await Task.Yield(); return new(); }
            public Order Apply(object e) => this;
        }
        """).Should().Equal("CS0738");

    [TestCase("await store.ExecuteAsync<Order>(\"order-1\", order => order.Pay(1m));")]
    [TestCase("await store.ExecuteAsync<Order>(\"order-1\", order => [EventData.For(\"order-1\", new Paid(1m)).At(now)]);")]
    [TestCase("await store.ExecuteAsync<Order>(EventQuery.Of<Paid>(), order => order.Pay(1m).Select(e => EventData.For(\"order-1\", e)));")]
    [TestCase("await store.GetRepository<Cart>().UpdateAsync(\"cart-1\", cart => cart.Add());")]
    public void Decision_compiles(string statement) => Errors(statement).Should().BeEmpty();

    [TestCase("var e = 5.At(now);")]
    [TestCase("var e = \"x\".In(\"y\");")]
    [TestCase("object[] events = [order.Pay(1m).In(\"order-1\")];")]
    [TestCase("var e = new Paid(1m).Tagged(\"a\", \"b\");")]
    [TestCase("var e = new Paid(1m).WithId(Guid.NewGuid());")]
    public void No_member_of_the_library_appears_on_every_object(string statement) => Errors(statement).Should().Equal("CS1061");

    [TestCase("await store.ExecuteAsync<Order>(\"order-1\", async order => { await Task.Yield(); return order.Pay(1m); });")]
    [TestCase("await store.ExecuteAsync<Order>(\"order-1\", order => price());")]
    [TestCase("await store.ExecuteAsync<Order>(EventQuery.All, async order => await price());")]
    [TestCase("await store.ExecuteAsync(DecisionModel.Of<Order>(EventQuery.All), async order => await price());")]
    [TestCase("var decider = new Decider<int, Order>(() => new(0m), async (n, order) => await price(), (order, e) => order);")]
    [TestCase("new Specification(EventTypeMap.Empty).Given().When<Order>(async order => await price());")]
    public void Decision_that_awaits_is_refused(string statement) => Errors(statement).Should().NotBeEmpty();

    [TestCase("await store.LoadAsync<Order>(\"order-1\") is var (state, version);")]
    [TestCase("var (state, version) = await store.LoadAsync<Order>(\"order-1\");")]
    [TestCase("var (state, version, position) = await store.ExecuteAsync<Order>(\"order-1\", o => []);")]
    [TestCase("var (id, first, last, count) = new StreamRange(\"a\", 1, 1, 1);")]
    [TestCase("var (id, version, position, at) = await store.GetStreamInfoAsync(\"a\");")]
    public void Results_are_read_by_name_and_not_by_place(string statement) => Errors(statement).Should().NotBeEmpty();

    [TestCase("var range = new StreamRange(\"a\", 1, 1, 1) with { Count = -1 };")]
    [TestCase("var info = await store.GetStreamInfoAsync(\"a\") with { Version = -1 };")]
    [TestCase("var info = (await store.GetStreamInfoAsync(\"a\")) with { Version = -1 };")]
    [TestCase("var tracking = new Tracking(\"a\", 1) with { Position = -1 };")]
    public void Values_cannot_be_changed_after_they_were_made(string statement) => Errors(statement).Should().NotBeEmpty();

    [Test]
    public void Handlers_of_commands_and_services_return_tasks() => Snippet.Errors("""
        public sealed record Pay(string Order);
        public interface IPrices { Task<decimal> GetAsync(string order, CancellationToken token); Task ShowAsync(EventEnvelope e, CancellationToken token); }
        public sealed class PayHandler(IPrices prices) : ICommandHandler<Pay>
        {
            public async Task<IEnumerable<object>> HandleAsync(Pay command, CommandContext context, CancellationToken token) => [await prices.GetAsync(command.Order, token)];
        }
        public sealed class Screen : EventSubscriber
        {
            public Screen(IPrices prices) : base("screen") => On<Pay>((pay, e, token) => prices.ShowAsync(e, token));
        }
        """).Should().BeEmpty();

    [Test]
    public void Metadata_is_one_property_of_append_and_execute_options() => Errors("""
        EventMetadata metadata = new() { Actor = "ann", CorrelationId = "c", CausationId = "d", Headers = new Dictionary<string, string> { ["h"] = "v" } };
        await store.AppendAsync(new Append { Metadata = metadata }.To("a", ExpectedVersion.Any, [new Paid(1m)]));
        await store.ExecuteAsync<Order>("a", o => o.Pay(1m), new() { Metadata = metadata });
        await store.ExecuteAsync<Order>("a", o => [new EventData(new Paid(1m)) { Metadata = metadata }]);
        """).Should().BeEmpty();
}
