using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Domain.Users;

namespace Orders.Tests.Domain;

[TestFixture]
public sealed class OrderTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly Address s_home = new("home", "12 Mill Lane", "Leeds", "", "United Kingdom", "LS1 4DY");
    private static readonly OrderLine s_lantern = new("lantern", "Lantern", 2, 3.39m);
    private static readonly OrderLine s_clock = new("clock", "Clock", 1, 12.75m);
    private static readonly OrderCreated s_created = new("42", "u-1", "United Kingdom", s_noon, 6.78m, [s_lantern], s_home, s_home);

    private static Order Given(params object[] history) => history.Aggregate(Order.Create(), (order, e) => order.Apply(e));

    private static void Refuses(Func<IEnumerable<object>> decision) => decision.Should().Throw<RefusedException>();

    [Test]
    public void Creating_adds_up_the_lines() =>
        Given().Create("42", "u-1", [s_lantern, s_clock], s_home, s_home, s_noon).Single().Should().BeOfType<OrderCreated>().Which.TotalPrice.Should().Be(19.53m);

    [Test]
    public void An_order_is_created_once() => Refuses(() => Given(s_created).Create("42", "u-1", [s_lantern], s_home, s_home, s_noon));

    [Test]
    public void An_order_without_lines_is_refused() => Refuses(() => Given().Create("42", "u-1", [], s_home, s_home, s_noon));

    [TestCase(0)]
    [TestCase(-1)]
    public void An_order_of_nothing_is_refused(int quantity) =>
        Refuses(() => Given().Create("42", "u-1", [s_lantern with { Quantity = quantity }], s_home, s_home, s_noon));

    [Test]
    public void An_update_says_which_lines_come_and_go() =>
        Given(s_created).Update([s_clock]).Should().BeEquivalentTo([new OrderUpdated("u-1", "United Kingdom", 12.75m, [s_clock], [s_lantern])]);

    [Test]
    public void An_update_to_the_same_lines_is_nothing() => Given(s_created).Update([s_lantern]).Should().BeEmpty();

    [Test]
    public void An_updated_order_has_the_new_lines() =>
        Given(s_created, new OrderUpdated("u-1", "United Kingdom", 12.75m, [s_clock], [s_lantern])).Lines.Should().Equal(s_clock);

    [Test]
    public void A_paid_order_is_not_changed() => Refuses(() => Given(s_created, new OrderPaid(6.78m)).Update([s_clock]));

    [Test]
    public void A_payment_is_taken() => Given(s_created).Pay(6.78m).Should().Equal(new OrderPaid(6.78m));

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(6.79)]
    public void A_payment_beyond_what_is_due_is_refused(decimal amount) => Refuses(() => Given(s_created).Pay(amount));

    [Test]
    public void An_order_paid_in_part_is_open() => Given(s_created, new OrderPaid(5m)).Status.Should().Be(OrderStatus.Created);

    [Test]
    public void An_order_paid_in_parts_is_paid() => Given(s_created, new OrderPaid(5m), new OrderPaid(1.78m)).Status.Should().Be(OrderStatus.Paid);

    [Test]
    public void A_missing_order_cannot_be_paid() => Refuses(() => Given().Pay(1m));

    [Test]
    public void A_paid_order_is_shipped() => Given(s_created, new OrderPaid(6.78m)).Ship("T-1").Should().Equal(new OrderShipped("T-1"));

    [Test]
    public void An_unpaid_order_is_not_shipped() => Refuses(() => Given(s_created).Ship("T-1"));

    [Test]
    public void A_shipped_order_is_not_cancelled() => Refuses(() => Given(s_created, new OrderPaid(6.78m), new OrderShipped("T-1")).Cancel("late"));

    [Test]
    public void A_cancelled_order_is_not_paid() => Refuses(() => Given(s_created, new OrderCancelled("late")).Pay(6.78m));

    [Test]
    public void A_credit_is_at_most_what_was_paid_and_not_yet_credited() =>
        Refuses(() => Given(s_created, new OrderPaid(6.78m), new OrderCredited("C1", 6m)).Credit("C2", 1m));

    [Test]
    public void Events_that_an_order_does_not_know_change_nothing() => Given(s_created).Apply("else").Should().Be(Given(s_created));

    [Test]
    public void A_paid_order_is_scheduled_for_shipping_once()
    {
        var order = Given(s_created, new OrderPaid(6.78m));
        order.ScheduleShipping().Should().Equal(new ShippingScheduled(s_home));
        order.Apply(new ShippingScheduled(s_home)).ScheduleShipping().Should().BeEmpty();
    }

    [Test]
    public void An_order_that_is_open_or_cancelled_is_not_scheduled()
    {
        Given(s_created, new OrderPaid(5m)).ScheduleShipping().Should().BeEmpty();
        Given(s_created, new OrderPaid(6.78m), new OrderCancelled("late")).ScheduleShipping().Should().BeEmpty();
    }

    [Test]
    public void A_cancelled_order_is_refunded_what_is_left_once()
    {
        var order = Given(s_created, new OrderPaid(6.78m), new OrderCredited("C1", 1m), new OrderCancelled("late"));
        order.Refund().Should().Equal(new OrderRefunded(5.78m));
        order.Apply(new OrderRefunded(5.78m)).Refund().Should().BeEmpty();
    }

    [Test]
    public void An_order_that_is_not_cancelled_or_not_paid_is_not_refunded()
    {
        Given(s_created, new OrderPaid(6.78m)).Refund().Should().BeEmpty();
        Given(s_created, new OrderCancelled("late")).Refund().Should().BeEmpty();
    }
}
