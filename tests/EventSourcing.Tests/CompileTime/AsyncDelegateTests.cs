using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.CompileTime;

/// <summary>An async lambda never becomes async void: the compiler awaits it or refuses it.</summary>
[TestFixture]
public sealed class AsyncDelegateTests
{
    private const string Program = """
        public sealed record Paid(int Amount);
        public sealed record Ship(string Stream);
        public interface ICarrier { Task BookAsync(StreamId order, CancellationToken ct); Task ShowAsync(EventEnvelope e, CancellationToken ct); }

        public static class Program
        {
            public static async Task RunAsync(EventBus bus, ICarrier carrier, ICarrier dashboard, CancellationToken token)
            {
                PROGRAM
            }
        }
        """;

    [Test]
    public void An_async_lambda_does_not_convert_to_a_synchronous_function() =>
        Snippet.Errors("""
            Func<int> now = async () => { await Task.Yield(); return 1; };
            Console.WriteLine(now());
            """).Should().Equal("CS4010");

    [Test]
    public void Subscriptions_of_the_first_pages_compile() => Snippet.Compile(Program.Replace("PROGRAM", """
        await using var shipping = await bus.SubscribeAsync<Paid>("shipping",
            (paid, envelope, ct) => carrier.BookAsync(envelope.StreamId, ct),
            new() { From = StartFrom.Beginning, OnFailure = new() { MaxRetryAttempts = 5, Then = AfterRetries.Park } });
        await using var screen = await bus.SubscribeLiveAsync(EventFilter.Category("order"), (e, ct) => dashboard.ShowAsync(e, ct), new() { OnOverflow = OverflowPolicy.DropOldest });
        await using var query = await bus.SubscribeLiveAsync(EventQuery.Of<Paid>(), async e => await dashboard.ShowAsync(e, default));
        await bus.ReactAsync<Paid, Ship>("ship-when-paid", (paid, e) => new(e.StreamId.Value));
        await bus.ReactManyAsync<Paid, Ship>("ship-twice", (paid, e) => [new("a"), new("b")]);
        await bus.ReactManyAsync<Paid, Ship>("ship-later", async (paid, e, ct) => { await Task.Yield(); return [new("a")]; });
        """, StringComparison.Ordinal)).Should().BeEmpty();

    [TestCase("await bus.SubscribeLiveAsync(EventFilter.All, async e => await Task.Yield());")]
    [TestCase("await bus.SubscribeLiveAsync(EventFilter.All, async (e, ct) => await Task.Delay(1, ct));")]
    [TestCase("await bus.SubscribeLiveRawAsync(EventFilter.All, async (e, ct) => await Task.Delay(1, ct));")]
    [TestCase("await bus.SubscribeAsync<Paid>(\"x\", async (paid, e, ct) => await Task.Delay(1, ct));")]
    [TestCase("await bus.SubscribeAsync(\"x\", SubscriptionHandler.Each(async (e, delivery, ct) => await Task.Delay(1, ct)));")]
    [TestCase("await bus.SubscribeAsync(\"x\", SubscriptionHandler.ByType(h => h.On<Paid>(async (paid, e, ct) => await Task.Delay(1, ct))), new() { LoadToken = async (partition, ct) => { await Task.Delay(1, ct); return null; } });")]
    public void An_async_lambda_is_awaited(string statement) => Snippet.Compile(Program.Replace("PROGRAM", statement, StringComparison.Ordinal)).Should().BeEmpty();

    [TestCase("await bus.SubscribeLiveAsync(EventFilter.All, e => Console.WriteLine(e));")]
    [TestCase("await bus.SubscribeAsync<Paid>(\"x\", (paid, e, ct) => Console.WriteLine(e));")]
    [TestCase("await bus.SubscribeAsync(\"x\", SubscriptionHandler.Each((e, delivery, ct) => Console.WriteLine(e)));")]
    [TestCase("await bus.ReactAsync<Paid, Ship>(\"x\", (paid, e) => new[] { new Ship(\"a\") });")]
    [TestCase("await bus.ReactAsync<Paid, Ship>(\"x\", async (paid, e) => { await Task.Yield(); return new Ship(\"a\"); });")]
    [TestCase("var policy = new FailurePolicy { ShouldRetry = async e => { await Task.Yield(); return true; } };")]
    [TestCase("new Microsoft.Extensions.DependencyInjection.ServiceCollection().AddEventSourcing(es => es.UseLog(async services => { await Task.Yield(); return new InMemoryEventLog(); }));")]
    [TestCase("new Microsoft.Extensions.DependencyInjection.ServiceCollection().AddEventSourcing(es => es.AddViewSet(async services => { await Task.Yield(); return (ViewSet)null!; }));")]
    public void A_delegate_of_another_result_is_refused(string statement) => Snippet.Errors(Program.Replace("PROGRAM", statement, StringComparison.Ordinal)).Should().NotBeEmpty();

    [TestCase("On<Paid>((row, e) => new Row(e.Amount));", true)]
    [TestCase("On<Paid>(async (row, e) => { await Task.Yield(); return new Row(e.Amount); });", false)]
    [TestCase("OnExisting<Paid>(async (row, e, envelope) => { await Task.Yield(); return row; });", false)]
    [TestCase("On<Paid>((row, e) => row is null);", false)]
    public void A_handler_of_a_projection_returns_the_document(string handler, bool compiles)
    {
        var errors = Snippet.Errors("""
            public sealed record Paid(int Amount);
            public sealed record Row(int Amount);
            public sealed class Rows : Projection<Row>
            {
                public Rows(System.Text.Json.Serialization.Metadata.JsonTypeInfo<Row> contract) : base("rows", 1, contract)
                {
                    KeyIsStream();
                    HANDLER
                }
            }
            """.Replace("HANDLER", handler, StringComparison.Ordinal));
        errors.Any().Should().Be(!compiles);
    }
}
