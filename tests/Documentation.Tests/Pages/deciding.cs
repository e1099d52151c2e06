using EventSourcing;
using EventSourcing.Sqlite;
using FluentAssertions;

await using var store = SqliteEventStore.Open("orders.db", Shop.Types);
await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m)]);
await store.AppendAsync("user-7", ExpectedVersion.NoStream, [new UserRegistered("7", "cleo@example.com")]);
await store.AppendAsync("course-math", ExpectedVersion.NoStream, [new CourseDefined("math", 1)]);
await store.AppendAsync("order-43", ExpectedVersion.NoStream, [new OrderCreated("43", "ann@example.com", 0m)]);
var (userId, email) = ("1", "ann@example.com");
var (course, student) = ("math", "ann");
var (stream, tracking) = (new StreamId("order-43"), "t-1");
var envelope = await store.ReadStreamAsync("order-43").FirstAsync();
var services = new ServiceCollection();
var request = new { Id = "pay-42-3" };
ICommandBus commands = new CommandBus(store, handlers => handlers
    .Add(ShopJson.Default.PayOrder, new PayOrderHandler())
    .Add(ShopJson.Default.ScheduleShipping, new ScheduleShippingHandler()));

// blocks

await ((Func<Task>)RegisterAsync).Should().ThrowAsync<EmailTaken>();
(userId, email) = ("7", "bob@example.com");
await ((Func<Task>)RegisterAsync).Should().ThrowAsync<WrongExpectedVersionException>();

student = "bob";
await ((Func<Task>)SubscribeAsync).Should().ThrowAsync<FullyBooked>();
for (var i = 0; i < 5; i++)
{
    (course, student) = ($"{i}", "ann");
    await store.AppendAsync($"course-{i}", ExpectedVersion.NoStream, [new CourseDefined(course, 1)]);
    if (i < 4) await SubscribeAsync();
}

await ((Func<Task>)SubscribeAsync).Should().ThrowAsync<TooManyCourses>();

(await store.ReadStreamAsync("order-43").LastAsync()).CausationId.Should().Be(envelope.EventId.ToString());

await RegisterHandlers();
await SendAsync();
await SendAsync();
(await store.ReadStreamAsync("order-42").LastAsync()).Should().BeEquivalentTo(new { Type = "order-paid", Actor = "ann", Version = 4L });

await using var bus = new EventBus(store, commands: commands);
var reaction = await bus.ReactAsync<OrderPaid, ScheduleShipping>("ship-when-paid", (paid, e) => new ScheduleShipping(e.StreamId));
await reaction.WaitForPositionAsync(await store.GetHeadAsync());
(await store.ReadStreamAsync("order-42").Select(e => e.Type).ToListAsync()).Should().EndWith(["order-shipped", "order-shipped", "order-shipped"]);

internal sealed class EmailTaken(string email) : Exception(email);

internal sealed class FullyBooked : Exception;

internal sealed class TooManyCourses : Exception;

internal sealed record Course(string Id, int Places) : IState<Course>
{
    public static Course Create() => new("", 0);

    public bool IsFull => Places == 0;

    public Course Apply(object @event) => @event switch
    {
        CourseDefined e => new(e.CourseId, e.Capacity),
        StudentSubscribed => this with { Places = Places - 1 },
        _ => this,
    };
}

internal sealed class ScheduleShippingHandler : ICommandHandler<ScheduleShipping>
{
    public Task<IEnumerable<object>> HandleAsync(ScheduleShipping command, CommandContext context, CancellationToken cancellationToken) =>
        Task.FromResult<IEnumerable<object>>([EventData.For(command.Order, new OrderShipped("soon"))]);
}
