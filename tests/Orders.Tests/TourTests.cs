using EventSourcing;
using Orders.Domain;

namespace Orders.Tests;

[TestFixture]
public sealed class TourTests
{
    private static async Task<(bool IsSame, string Text)> RunAsync()
    {
        await using var store = new EventStore(new InMemoryEventLog(), ShopEvents.Types);
        var text = new StringWriter();
        var isSame = await new Tour(store, text, new Microsoft.Extensions.Time.Testing.FakeTimeProvider()).RunAsync();
        return (isSame, text.ToString());
    }

    [Test]
    public async Task The_replay_gives_the_same_totals() => (await RunAsync()).IsSame.Should().BeTrue();

    [TestCase("u-4 is refused")]
    [TestCase("expected 1, found version 2")]
    [TestCase("stored before: True")]
    [TestCase("the same id for 1.00 is refused")]
    [TestCase("order 1003 exists already")]
    [TestCase("order-1003 is Cancelled")]
    [TestCase("order-shipped")]
    [TestCase("   order-1001 order-paid, by u-1, because of pay-1001")]
    [TestCase("     order-1001 order-shipped, by u-1, because of the event above")]
    [TestCase("     order-1001 shipping-scheduled, by u-1, because of the event above")]
    [TestCase("order-1002 is Cancelled, shipping scheduled: True, refunded: 38.25 of 38.25")]
    [TestCase("order 1001 of u-1: Shipped, 39.48, paid 39.48, returned 3.39")]
    [TestCase("the history of u-1: order-1003, 39.90, cancelled")]
    [TestCase("the history of u-1: creditnote-C1001, -3.39")]
    [TestCase("best-selling: tea-set, 3 pieces for 59.85")]
    [TestCase("most returned: clock, 4 out and 3 back")]
    [TestCase("the log ended at position 18 and ends at 18")]
    public async Task The_tour_shows(string text) => (await RunAsync()).Text.Should().Contain(text);
}
