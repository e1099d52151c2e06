using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using ShopJson = EventSourcing.Sqlite.Tests.Deciding.DecidingJson;

namespace EventSourcing.Sqlite.Tests.Deciding;

/// <summary>The examples of docs/deciding.md, as they stand there.</summary>
internal static class DecidingExample
{
    internal static EventTypeMap Types { get; } = EventTypeMap.Create(ShopJson.Default, map => map
        .Add<UserRegistered>("user-registered", e => e.Tag("email", "email"))
        .Add<CourseDefined>("course-defined", e => e.Tag("course", "id"))
        .Add<StudentSubscribed>("student-subscribed", e => e.Tag("course", "course").Tag("student", "student"))
        .Add<OrderCreated>("order-created")
        .Add<OrderPaid>("order-paid")
        .Add<OrderShipped>("order-shipped"));

    internal static async Task RegisterAsync(IEventStore store, string userId, string email)
    {
        // <example: unique>
        await store.ExecuteAsync<EventCount>(EventQuery.Of<UserRegistered>().Tagged("email", email),
            seen => seen.Any ? throw new EmailTaken(email) : [EventData.For($"user-{userId}", new UserRegistered(userId, email))],
            new() { Require = [new($"user-{userId}", ExpectedVersion.NoStream)] });
        // </example>
    }

    internal static async Task SubscribeAsync(IEventStore store, string course, string student)
    {
        // <example: model>
        var model = DecisionModel.Of<Course>(EventQuery.Of<CourseDefined, StudentSubscribed>().Tagged("course", course))
            .And(DecisionModel.Of<EventCount>(EventQuery.Of<StudentSubscribed>().Tagged("student", student)));

        await store.ExecuteAsync(model, (course, taken) => course.IsFull ? throw new FullyBooked()
            : taken.Count >= 5 ? throw new TooManyCourses()
            : [EventData.For($"student-{student}", new StudentSubscribed(course.Id, student))]);
        // </example>
    }

    internal static void Register(IServiceCollection services)
    {
        // <example: registration>
        services.AddEventSourcing(es => es.UseSqlite("orders.db").UseEventTypes(Types)
            .AddCommandHandler<PayOrder, PayOrderHandler>(ShopJson.Default.PayOrder));
        // </example>
    }

    internal static async Task<AppendResult> SendAsync(ICommandBus bus, Request request)
    {
        return
        // <example: sending>
        await bus.SendAsync(new PayOrder("42", 62.50m), new() { CommandId = request.Id, Metadata = new() { Actor = "ann" } });     // ICommandBus
        // </example>
    }

    internal static async Task ReactAsync(IEventStore store, ICommandBus commands, GlobalPosition after)
    {
        // <example: reaction>
        await using var bus = new EventBus(store, commands: commands);     // commands: the ICommandBus; from the container both come connected

        await bus.ReactAsync<OrderPaid, ScheduleShipping>("ship-when-paid", (paid, e) => new(e.StreamId));
        // </example>
        await store.WaitForEventsAsync(after);
    }

    internal static async Task ShipAsync(IEventStore store, EventEnvelope envelope, StreamId stream, string tracking)
    {
        // <example: handling>
        using (EventContext.BeginScope(envelope)) await store.ExecuteAsync<Order>(stream, order => order.Ship(tracking));
        // </example>
    }
}

// <example: command>
public sealed record PayOrder(string OrderId, decimal Amount);

public sealed class PayOrderHandler : ICommandHandler<PayOrder>
{
    public async Task<IEnumerable<object>> HandleAsync(PayOrder command, CommandContext context, CancellationToken cancellationToken)
    {
        StreamId stream = $"order-{command.OrderId}";
        var order = await context.LoadAsync<Order>(stream, cancellationToken);
        return order.Pay(command.Amount).Select(e => EventData.For(stream, e));
    }
}
// </example>

public sealed record ScheduleShipping(StreamId Order);

public sealed record UserRegistered(string UserId, string Email);

public sealed record CourseDefined(string Id, int Capacity);

public sealed record StudentSubscribed(string Course, string Student);

public sealed record OrderCreated(decimal Total);

public sealed record OrderPaid(decimal Amount);

public sealed record OrderShipped(string Tracking);

internal sealed record Request(string Id);

internal sealed class EmailTaken(string email) : Exception(email);

internal sealed class FullyBooked : Exception;

internal sealed class TooManyCourses : Exception;

internal sealed record Course(string Id, int Places) : IState<Course>
{
    public static Course Create() => new("", 0);

    public bool IsFull => Places == 0;

    public Course Apply(object @event) => @event switch
    {
        CourseDefined e => new(e.Id, e.Capacity),
        StudentSubscribed => this with { Places = Places - 1 },
        _ => this,
    };
}

public sealed record Order(decimal Due) : IState<Order>
{
    public static Order Create() => new(0m);

    public Order Apply(object @event) => @event switch
    {
        OrderCreated e => new(e.Total),
        OrderPaid e => new(Due - e.Amount),
        _ => this,
    };

    public IEnumerable<object> Pay(decimal amount) => amount > Due ? throw new InvalidOperationException() : [new OrderPaid(amount)];

    public IEnumerable<object> Ship(string tracking) => Due > 0 ? throw new InvalidOperationException() : [new OrderShipped(tracking)];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserRegistered)), JsonSerializable(typeof(CourseDefined)), JsonSerializable(typeof(StudentSubscribed))]
[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(OrderShipped)), JsonSerializable(typeof(PayOrder)), JsonSerializable(typeof(ScheduleShipping))]
internal sealed partial class DecidingJson : JsonSerializerContext;
