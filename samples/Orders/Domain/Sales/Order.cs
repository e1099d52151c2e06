using EventSourcing;
using Orders.Domain.Users;

namespace Orders.Domain.Sales;

/// <summary>An order as the events of one stream make it, and the decisions it allows.</summary>
/// <remarks>Apply takes every event as it is, for history cannot be refused; the decisions refuse, or answer with new events.</remarks>
public sealed record Order : IState<Order>
{
    /// <inheritdoc/>
    public static Order Create() => new();

    /// <summary>How far it got.</summary>
    public OrderStatus Status { get; init; }

    /// <summary>Its number; empty before it is created.</summary>
    public string OrderId { get; init; } = "";

    /// <summary>Who ordered; null for nobody known.</summary>
    public string? CustomerId { get; init; }

    /// <summary>The country it is sold to.</summary>
    public string Country { get; init; } = "";

    /// <summary>When it was placed.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What is ordered.</summary>
    public IReadOnlyList<OrderLine> Lines { get; init; } = [];

    /// <summary>The price of all lines.</summary>
    public decimal TotalPrice { get; init; }

    /// <summary>What was paid so far.</summary>
    public decimal Paid { get; init; }

    /// <summary>What went back through credit notes.</summary>
    public decimal Credited { get; init; }

    /// <summary>What went back because the order was called off.</summary>
    public decimal Refunded { get; init; }

    /// <summary>True once it is known that the goods are to leave the house.</summary>
    public bool IsShippingScheduled { get; init; }

    /// <summary>Where the goods go; null if not given.</summary>
    public Address? ShippingAddress { get; init; }

    /// <summary>Where the invoice goes; null if not given.</summary>
    public Address? BillingAddress { get; init; }

    /// <summary>What is still to be paid.</summary>
    public decimal Due => TotalPrice - Paid;

    /// <inheritdoc/>
    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => this with
        {
            Status = OrderStatus.Created,
            OrderId = e.OrderId,
            CustomerId = e.CustomerId,
            Country = e.Country,
            CreatedAt = e.CreatedAt,
            Lines = e.Lines,
            TotalPrice = e.TotalPrice,
            ShippingAddress = e.ShippingAddress,
            BillingAddress = e.BillingAddress,
        },
        DocumentContinued e => this with { Lines = [.. Lines, .. e.Lines] },
        OrderUpdated e => this with { Lines = Replace(Lines, e.Removed, e.Lines), TotalPrice = e.TotalPrice },
        OrderPaid e => this with { Paid = Paid + e.Amount, Status = e.Amount >= Due ? OrderStatus.Paid : Status },
        ShippingScheduled => this with { IsShippingScheduled = true },
        OrderShipped => this with { Status = OrderStatus.Shipped },
        OrderCancelled => this with { Status = OrderStatus.Cancelled },
        OrderCredited e => this with { Credited = Credited + e.Amount },
        OrderRefunded e => this with { Refunded = Refunded + e.Amount },
        _ => this,
    };

    /// <summary>Places the order. An order with this number must not exist yet.</summary>
    public IEnumerable<object> Create(
        string orderId, string customerId, IReadOnlyList<OrderLine> lines, Address shippingAddress, Address billingAddress, DateTimeOffset createdAt)
    {
        if (Status != OrderStatus.None) throw new RefusedException($"order {OrderId} exists already");
        return [new OrderCreated(orderId, customerId, shippingAddress.Country, createdAt, TotalOf(lines), lines, shippingAddress, billingAddress)];
    }

    /// <summary>Changes the lines to these; the same lines again change nothing.</summary>
    public IEnumerable<object> Update(IReadOnlyList<OrderLine> lines)
    {
        Demand(Status == OrderStatus.Created && Paid == 0, "be changed");
        var total = TotalOf(lines);
        var (added, removed) = (Without(lines, Lines), Without(Lines, lines));
        return added.Count + removed.Count == 0 ? [] : [new OrderUpdated(CustomerId, Country, total, added, removed)];
    }

    /// <summary>Takes in money, at most what is due.</summary>
    public IEnumerable<object> Pay(decimal amount)
    {
        Demand(Status == OrderStatus.Created, "be paid");
        return amount <= 0 || amount > Due
            ? throw new RefusedException($"order {OrderId} takes a payment above 0 and up to the {Due} due, not {amount}")
            : [new OrderPaid(amount)];
    }

    /// <summary>Orders the shipping once everything is paid. No event before that, or when the shipping was ordered already.</summary>
    public IEnumerable<object> ScheduleShipping() => Status == OrderStatus.Paid && !IsShippingScheduled ? [new ShippingScheduled(ShippingAddress)] : [];

    /// <summary>Sends the goods, once everything is paid.</summary>
    public IEnumerable<object> Ship(string trackingNumber)
    {
        Demand(Status == OrderStatus.Paid, "be shipped");
        return [new OrderShipped(trackingNumber)];
    }

    /// <summary>Calls the order off, as long as the goods are in the house.</summary>
    public IEnumerable<object> Cancel(string reason)
    {
        Demand(Status is OrderStatus.Created or OrderStatus.Paid, "be cancelled");
        return [new OrderCancelled(reason)];
    }

    /// <summary>Gives money back, at most what was paid.</summary>
    public IEnumerable<object> Credit(string creditNoteId, decimal amount)
    {
        Demand(Status is OrderStatus.Paid or OrderStatus.Shipped, "be credited");
        return amount <= 0 || amount > Paid - Credited
            ? throw new RefusedException($"order {OrderId} takes a credit above 0 and up to the {Paid - Credited} paid, not {amount}")
            : [new OrderCredited(creditNoteId, amount)];
    }

    /// <summary>Gives back what is left of the money of an order that was called off; nothing where nothing is left.</summary>
    public IEnumerable<object> Refund() => Status == OrderStatus.Cancelled && Paid - Credited - Refunded is > 0 and var rest ? [new OrderRefunded(rest)] : [];

    private static decimal TotalOf(IReadOnlyList<OrderLine> lines)
    {
        if (lines.Count == 0) throw new RefusedException("an order has at least one line");
        if (lines.FirstOrDefault(l => l.Quantity < 1 || l.UnitPrice < 0) is { } odd)
            throw new RefusedException($"{odd.Quantity} x {odd.ProductId} at {odd.UnitPrice} cannot be ordered");
        return lines.Sum(l => l.Total);
    }

    private static IReadOnlyList<OrderLine> Replace(IReadOnlyList<OrderLine> lines, IReadOnlyList<OrderLine> removed, IReadOnlyList<OrderLine> added) =>
        [.. Without(lines, removed), .. added];

    // Lines are compared as a bag: two equal lines less one leave one.
    private static List<OrderLine> Without(IReadOnlyList<OrderLine> lines, IReadOnlyList<OrderLine> less)
    {
        List<OrderLine> rest = [.. lines];
        foreach (var line in less) rest.Remove(line);
        return rest;
    }

    private void Demand(bool isAllowed, string toDo)
    {
        if (!isAllowed) throw new RefusedException(Status == OrderStatus.None ? "there is no such order" : $"order {OrderId} is {Status.ToString().ToLowerInvariant()} and cannot {toDo}");
    }
}
