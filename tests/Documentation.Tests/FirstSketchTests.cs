using System.Text.Json.Serialization;
using Dapper;
using EventSourcing.Documentation.Tests.Sketch;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;
using EventSourcing.Testing;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.Documentation.Tests
{
    /// <summary>The programs that the library was designed for compile as they were sketched, and run.</summary>
    public sealed class FirstSketchTests
    {
        private static readonly IReadOnlyList<OrderLine> s_lines = [new("84077", 2)];
        private DirectoryInfo _folder = null!;
        private EventStore _store = null!;

        [SetUp]
        public void Open()
        {
            _folder = Directory.CreateTempSubdirectory("eventsourcing-sketch-");
            _store = SqliteEventStore.Open(Path.Combine(_folder.FullName, "orders.db"), SketchTypes.Types);
        }

        [TearDown]
        public async Task CloseAsync()
        {
            await _store.DisposeAsync();
            _folder.Delete(recursive: true);
        }

        [Test]
        public async Task The_first_program()
        {
            var store = _store;
            await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m, s_lines)]);
            var paid = await store.ExecuteAsync<Order>("order-42", order => order.Pay(62.50m), new() { CommandId = "pay-42" });

            List<string> printed = [];
            await foreach (var e in store.ReadStreamAsync("order-42"))
                printed.Add($"{e.Version} {e.Type} {e.Timestamp:O} {e.Data}");

            printed.Should().HaveCount(2);
            (paid.State.Due, paid.StreamVersion, paid.Position, paid.WasDuplicate).Should().Be((0m, 2, GlobalPosition.FromInt64(2), false));
            (await store.ReadAllAsync(EventQuery.All).GetHeadAsync()).Should().Be(GlobalPosition.FromInt64(2));
        }

        [Test]
        public async Task One_append_with_everything()
        {
            var store = _store;
            await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m, s_lines), new OrderPaid(1m), new OrderPaid(1m)]);
            await store.AppendAsync("customer-7", ExpectedVersion.NoStream, [new UserRegistered("7", "ann@example.com")]);
            var seen = await store.GetHeadAsync();

            await store.AppendAsync(new Append { CommandId = "c-1", Metadata = new() { Actor = "ann" } }
                .To("order-42", ExpectedVersion.Exactly(3), [new OrderPaid(20m)])
                .To("ledger-2026", ExpectedVersion.Any, [new Booked("42", 20m)])
                .Require("customer-7", ExpectedVersion.StreamExists)
                .FailIf(EventQuery.Of<PeriodClosed>().Tagged("period", "2026-11"), after: seen));

            (await store.GetHeadAsync()).Should().Be(GlobalPosition.FromInt64(6));
        }

        [Test]
        public async Task A_decision_over_a_query()
        {
            await RegisterAsync("1", "ann@example.com");
            await FluentActions.Awaiting(() => RegisterAsync("2", "ann@example.com")).Should().ThrowAsync<EmailTaken>();

            async Task RegisterAsync(string userId, string email) =>
                await _store.ExecuteAsync<EventCount>(EventQuery.Of<UserRegistered>().Tagged("email", email),
                    earlier => earlier.Any ? throw new EmailTaken(email) : [EventData.For($"user-{userId}", new UserRegistered(userId, email))]);
        }

        [Test]
        public async Task An_aggregate()
        {
            await _store.GetRepository<Cart>().UpdateAsync("cart-7", cart => cart.Add("84077", 2));
            (await _store.GetRepository<Cart>().LoadAsync("cart-7")).Lines.Should().Equal(new ItemAdded("84077", 2));
        }

        [Test, CancelAfter(30_000)]
        public async Task Subscribers(CancellationToken cancellationToken)
        {
            var (carrier, dashboard) = (new Carrier(), new Dashboard());
            var commands = new CommandBus(_store, handlers => handlers.Add(SketchJson.Default.ScheduleShipping, new ScheduleShippingHandler()));
            await using var bus = new EventBus(_store, commands: commands);

            await using var shipping = await bus.SubscribeAsync<OrderPaid>("shipping",
                (paid, envelope, ct) => carrier.BookAsync(envelope.StreamId, ct),
                new() { From = StartFrom.Beginning, OnFailure = new() { MaxRetryAttempts = 5, Then = AfterRetries.Park } }, cancellationToken);

            await using var screen = await bus.SubscribeLiveAsync(EventFilter.Category("order"), (e, ct) => dashboard.ShowAsync(e, ct), new() { OnOverflow = OverflowPolicy.DropOldest }, cancellationToken);

            await using var reaction = await bus.ReactAsync<OrderPaid, ScheduleShipping>("ship-when-paid", (paid, e) => new(e.StreamId), cancellationToken: cancellationToken);

            var paid = await _store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m, s_lines), new OrderPaid(62.50m)], cancellationToken: cancellationToken);
            await shipping.WaitForPositionAsync(paid.LastPosition, cancellationToken);
            await reaction.WaitForPositionAsync(paid.LastPosition, cancellationToken);

            carrier.Booked.Should().Equal(new StreamId("order-42"));
            (await _store.LoadAsync<Order>("order-42", cancellationToken: cancellationToken)).StreamVersion.Should().Be(3);
        }

        [Test]
        public async Task The_open_log()
        {
            var (store, sqlite) = (_store, (SqliteEventLog)_store.Log);
            await store.InSqliteTransactionAsync(tx => tx.Connection.Execute("CREATE TABLE stock (sku TEXT PRIMARY KEY, pieces INTEGER NOT NULL)"));
            await sqlite.AddComputedColumnAsync("orderId");
            await sqlite.CaptureTableAsync("stock", capture => capture.StreamFrom("sku").Types(inserted: "stock-added", updated: "stock-changed"));
            await store.InSqliteTransactionAsync(tx => { tx.Connection.Execute("INSERT INTO stock VALUES ('84077', 5)"); tx.Append("stock-84077", ExpectedVersion.Any, [new StockCounted(5)]); });

            (await store.GetHeadAsync()).Should().Be(GlobalPosition.FromInt64(2));
        }

        [Test]
        public async Task A_host()
        {
            var services = new ServiceCollection();
            services.AddLogging();
            services.AddEventSourcing(es => es
                .UseSqlite(Path.Combine(_folder.FullName, "hosted.db"))
                .UseEventTypes(SketchTypes.Types)
                .AddCommandHandler<PayOrder, PayOrderHandler>(SketchJson.Default.PayOrder)
                .AddSubscriber<ShippingSubscriber>());
            services.AddEventSourcingHosting();
            await using var provider = services.BuildServiceProvider();

            var store = provider.GetRequiredService<IEventStore>();
            await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m, s_lines)]);
            var sent = await provider.GetRequiredService<ICommandBus>().SendAsync(new PayOrder("42", 62.50m), new() { CommandId = "pay-42" });

            sent.Version.Should().Be(2);
        }

        [Test]
        public void Tests_of_decisions()
        {
            var shop = new Specification(SketchTypes.Types);

            shop.Given(new OrderCreated("42", "ann@example.com", 62.50m, s_lines))
                .When<Order>(order => order.Pay(62.50m))
                .Then(new OrderPaid(62.50m));

            shop.Given().When<Order>(order => order.Pay(1m)).ThenThrows<OrderRefused>();
        }
    }
}

namespace EventSourcing.Documentation.Tests.Sketch
{
    internal enum OrderStatus
    {
        None,
        Created,
        Cancelled,
    }

    internal sealed record OrderLine(string Sku, int Quantity);

    internal sealed record OrderCreated(string OrderId, string CustomerEmail, decimal TotalPrice, IReadOnlyList<OrderLine> Lines);

    internal sealed record OrderPaid(decimal Amount);

    internal sealed record OrderCancelled(string Reason);

    internal sealed record ShippingScheduled;

    internal sealed record Booked(string OrderId, decimal Amount);

    internal sealed record PeriodClosed(string Period);

    internal sealed record UserRegistered(string UserId, string Email);

    internal sealed record ItemAdded(string Sku, int Quantity);

    internal sealed record StockCounted(int Quantity);

    internal sealed record PayOrder(string OrderId, decimal Amount);

    internal sealed record ScheduleShipping(StreamId Order);

    internal sealed class OrderRefused(string message) : Exception(message);

    internal sealed class EmailTaken(string email) : Exception($"'{email}' is taken.");

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderPaid)), JsonSerializable(typeof(OrderCancelled)), JsonSerializable(typeof(ShippingScheduled))]
    [JsonSerializable(typeof(Booked)), JsonSerializable(typeof(PeriodClosed)), JsonSerializable(typeof(UserRegistered)), JsonSerializable(typeof(ItemAdded)), JsonSerializable(typeof(StockCounted))]
    [JsonSerializable(typeof(PayOrder)), JsonSerializable(typeof(ScheduleShipping))]
    internal sealed partial class SketchJson : JsonSerializerContext;

    internal static class SketchTypes
    {
        public static readonly EventTypeMap Types = EventTypeMap.Create(SketchJson.Default, map => map
            .Add<OrderCreated>("order-created", e => e.Tag("customer", "customerEmail"))
            .Add<OrderPaid>("order-paid")
            .Add<OrderCancelled>("order-cancelled")
            .Add<ShippingScheduled>("shipping-scheduled")
            .Add<Booked>("booked")
            .Add<PeriodClosed>("period-closed", e => e.Tag("period", "period"))
            .Add<UserRegistered>("user-registered", e => e.Tag("email", "email"))
            .Add<ItemAdded>("item-added")
            .Add<StockCounted>("stock-counted"));
    }

    internal sealed record Order(OrderStatus Status, decimal Due) : IState<Order>
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
    }

    internal sealed class Cart : Aggregate
    {
        private readonly List<ItemAdded> _lines = [];

        public IReadOnlyList<ItemAdded> Lines => _lines;

        public void Add(string sku, int quantity) => Raise(new ItemAdded(sku, quantity));

        protected override void Apply(object @event)
        {
            if (@event is ItemAdded e) _lines.Add(e);
        }
    }

    internal sealed class Carrier
    {
        public List<StreamId> Booked { get; } = [];

        public Task BookAsync(StreamId order, CancellationToken cancellationToken)
        {
            Booked.Add(order);
            return Task.CompletedTask;
        }
    }

    internal sealed class Dashboard
    {
        private int _shown;

        public Task ShowAsync(EventEnvelope e, CancellationToken cancellationToken)
        {
            _shown++;
            return Task.CompletedTask;
        }
    }

    internal sealed class PayOrderHandler : ICommandHandler<PayOrder>
    {
        public async Task<IEnumerable<object>> HandleAsync(PayOrder command, CommandContext context, CancellationToken cancellationToken) =>
            (await context.LoadAsync<Order>($"order-{command.OrderId}", cancellationToken)).Pay(command.Amount).Select(e => EventData.For($"order-{command.OrderId}", e));
    }

    internal sealed class ScheduleShippingHandler : ICommandHandler<ScheduleShipping>
    {
        public Task<IEnumerable<object>> HandleAsync(ScheduleShipping command, CommandContext context, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<object>>([EventData.For(command.Order, new ShippingScheduled())]);
    }

    internal sealed class ShippingSubscriber : EventSubscriber
    {
        public ShippingSubscriber() : base("shipping") => On<OrderPaid>((paid, envelope, delivery, ct) => Task.CompletedTask);
    }
}
