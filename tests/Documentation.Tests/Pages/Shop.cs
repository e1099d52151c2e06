// The shop of the pages. A page, or its context, that declares one of these types uses its own.
using System.Text.Json.Serialization;
using EventSourcing;

public enum OrderStatus { None, Created, Cancelled }

public sealed record OrderCreated(string OrderId, string CustomerEmail, decimal TotalPrice);

public sealed record OrderPaid(decimal Amount);

public sealed record OrderShipped(string Tracking);

public sealed record OrderCancelled(string Reason);

public sealed record Booked(string OrderId, decimal Amount);

public sealed record PeriodClosed(string Period);

public sealed record UserRegistered(string UserId, string Email);

public sealed record CourseDefined(string CourseId, int Capacity);

public sealed record StudentSubscribed(string CourseId, string StudentId);

public sealed record ItemAdded(string Sku, int Quantity);

public sealed record StockCounted(int Quantity);

public sealed class OrderRefused(string message) : Exception(message);

public sealed record Order(OrderStatus Status, decimal Due) : IState<Order>
{
    public static Order Create() => new(OrderStatus.None, 0);

    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => this with { Status = OrderStatus.Created, Due = e.TotalPrice },
        OrderPaid e => this with { Due = Due - e.Amount },
        OrderCancelled => this with { Status = OrderStatus.Cancelled },
        _ => this,
    };

    public IEnumerable<object> Pay(decimal amount) =>
        Status != OrderStatus.Created ? throw new OrderRefused("not open") : [new OrderPaid(amount)];

    public IEnumerable<object> Ship(string tracking) =>
        Due > 0 ? throw new OrderRefused($"{Due} is due") : [new OrderShipped(tracking)];
}

public sealed record PayOrder(string OrderId, decimal Amount);

public sealed record ScheduleShipping(StreamId Order);

public sealed record OrderRow(string Id, string Customer, decimal Total, decimal Paid, DateTimeOffset Created);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(OrderShipped)), JsonSerializable(typeof(OrderCancelled))]
[JsonSerializable(typeof(Booked)), JsonSerializable(typeof(PeriodClosed)), JsonSerializable(typeof(UserRegistered)), JsonSerializable(typeof(CourseDefined))]
[JsonSerializable(typeof(StudentSubscribed)), JsonSerializable(typeof(ItemAdded)), JsonSerializable(typeof(StockCounted))]
[JsonSerializable(typeof(PayOrder)), JsonSerializable(typeof(ScheduleShipping)), JsonSerializable(typeof(OrderRow))]
internal sealed partial class ShopJson : JsonSerializerContext;

public static class Shop
{
    public static readonly EventTypeMap Types = EventTypeMap.Create(ShopJson.Default, map => map
        .Add<OrderCreated>("order-created", e => e.Tag("customer", "customerEmail"))
        .Add<OrderPaid>("order-paid")
        .Add<OrderShipped>("order-shipped")
        .Add<OrderCancelled>("order-cancelled")
        .Add<Booked>("booked")
        .Add<PeriodClosed>("period-closed", e => e.Tag("period", "period"))
        .Add<UserRegistered>("user-registered", e => e.Tag("email", "email"))
        .Add<CourseDefined>("course-defined", e => e.Tag("course", "courseId"))
        .Add<StudentSubscribed>("student-subscribed", e => e.Tag("course", "courseId").Tag("student", "studentId"))
        .Add<ItemAdded>("item-added")
        .Add<StockCounted>("stock-counted"));
}
