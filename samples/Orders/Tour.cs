using EventSourcing;
using Orders.Commands;
using Orders.Domain;
using Orders.Domain.Products;
using Orders.Domain.Sales;
using Orders.Domain.Users;
using Orders.Views;

namespace Orders;

/// <summary>What an event store does for a shop, step by step. Every step is a few lines; read them beside what they print.</summary>
public sealed class Tour(IEventStore store, TextWriter screen, TimeProvider clock)
{
    private static readonly Address s_home = new("home", "12 Mill Lane", "Leeds", "West Yorkshire", "United Kingdom", "LS1 4DY");
    private static readonly Address s_office = new("office", "3 Quai Voltaire", "Paris", "Ile-de-France", "France", "75007");

    private readonly ICommandBus _commands = ShopCommands.On(store);
    private int _step;

    /// <summary>Runs the tour on a new SQLite file in a folder of its own, which stays for a closer look.</summary>
    public static async Task<int> RunAsync(Screen screen, CancellationToken cancellationToken)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("orders-tour-").FullName, "orders.db");
        bool isSame;
        await using (var store = await Stores.OpenAsync(file))
            isSame = await new Tour(store, screen.Out, TimeProvider.System).RunAsync(cancellationToken);
        await screen.Out.WriteLineAsync($"\nThe store stays for a closer look:\n  dotnet run --project samples/Orders -- log --db {file}");
        return isSame ? 0 : 1;
    }

    /// <summary>Runs every step on an empty store; false when the replay gave other totals, which must never be.</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken = default)
    {
        await RegisterAsync();
        await CollideAsync();
        await PlaceAsync();
        await ChangeAsync();
        await PayAsync();
        await ReactAsync(cancellationToken);
        await ShipAndCreditAsync();
        await TraceAsync();
        await CancelAsync();
        await ShowHistoryAsync();
        await ShowThePastAsync();
        await ShowViewsAsync(cancellationToken);
        return await ReplayAsync(cancellationToken);
    }

    private async Task RegisterAsync()
    {
        Step("Users and products are registered, each in a stream of its own");
        await store.RegisterAsync(new("u-1", "ann@example.com", "Ann", "Archer"));
        await store.RegisterAsync(new("u-2", "bob@example.com", "Bob", "Baker"));
        await store.ExecuteAsync<User>(Streams.User("u-1"), user => user.AddAddress(s_home));
        await store.ExecuteAsync<User>(Streams.User("u-2"), user => user.AddAddress(s_office));

        foreach (var product in new ProductAdded[] { new("lantern", "White metal lantern", "For candles", 3.39m), new("tea-set", "Tea set", "Six cups", 19.95m), new("clock", "Alarm clock", "Bakelite, red", 12.75m) })
            await store.AppendAsync(Streams.Product(product.ProductId), ExpectedVersion.NoStream, [product]);

        var ann = await store.LoadAsync<User>(Streams.User("u-1"));
        Say($"user-u-1 at version {ann.StreamVersion}: {ann.State.Name}, {ann.State.Email}, {ann.State.Addresses[0]}");
        Say($"the log holds {await store.GetHeadAsync()} events");
    }

    private async Task CollideAsync()
    {
        Step("Two people want one e-mail; however close they come, the second is refused");
        await store.RegisterAsync(new("u-3", "carol@example.com", "Carol", "Clark"));
        Say("u-3 is registered with carol@example.com");
        try
        {
            await store.RegisterAsync(new("u-4", "Carol@Example.com", "Caroline", "Cook"));
        }
        catch (RefusedException e)
        {
            Say($"u-4 is refused: {e.Message}");
        }
    }

    private async Task PlaceAsync()
    {
        Step("Orders are placed");
        var (lantern, teaSet, clock) = (await ProductAsync("lantern"), await ProductAsync("tea-set"), await ProductAsync("clock"));
        await PlaceAsync("1001", "u-1", s_home, s_home, lantern.Times(2), teaSet.Times(1));
        await PlaceAsync("1002", "u-2", s_office, s_home, clock.Times(3));
        await PlaceAsync("1003", "u-1", s_home, s_home, teaSet.Times(2));
        try
        {
            await PlaceAsync("1003", "u-2", s_office, s_office, clock.Times(1));
        }
        catch (RefusedException e)
        {
            Say($"the number 1003 again is refused: {e.Message}");
        }
    }

    private async Task ChangeAsync()
    {
        Step("An order is changed; a write that was decided on an old version is refused");
        var order = Streams.Order("1001");
        var (lantern, clock) = (await ProductAsync("lantern"), await ProductAsync("clock"));
        var (mine, yours) = (await store.LoadAsync<Order>(order), await store.LoadAsync<Order>(order));
        var changed = await store.AppendAsync(order, ExpectedVersion.Exactly(mine.StreamVersion), mine.State.Update([.. mine.State.Lines, clock.Times(1)]));
        Say($"the first clerk adds a clock to order-1001, seen at version {mine.StreamVersion}: stored as version {changed.Version}");
        try
        {
            await store.AppendAsync(order, ExpectedVersion.Exactly(yours.StreamVersion), yours.State.Update([lantern.Times(6)]));
        }
        catch (WrongExpectedVersionException e)
        {
            Say($"the second clerk saw version {yours.StreamVersion} too and is refused: {e.Message}");
        }
    }

    private async Task PayAsync()
    {
        Step("An order is paid once, however often the command arrives");
        var first = await PayAsync("1001", 39.48m);
        Say($"command pay-1001 of 39.48: version {first.Version}, stored before: {first.WasDuplicate}");
        var again = await PayAsync("1001", 39.48m);
        Say($"the same command again:    version {again.Version}, stored before: {again.WasDuplicate}");
        try
        {
            await PayAsync("1001", 1.00m);
        }
        catch (CommandIdConflictException e)
        {
            Say($"the same id for 1.00 is refused: {e.Message}");
        }

        await PayAsync("1002", 38.25m);
    }

    private async Task ReactAsync(CancellationToken cancellationToken)
    {
        Step("Events lead to commands: what is paid is scheduled for shipping, what is called off is refunded");
        await using var bus = new EventBus(store, commands: _commands);
        var reactions = await ShopReactions.StartAsync(bus, cancellationToken);
        await CatchUpAsync(reactions, cancellationToken);
        await SayAsync("1001", "1002");
        await store.ExecuteAsync<Order>(Streams.Order("1002"), order => order.Cancel("the clocks are too loud"), cancellationToken: cancellationToken);
        await CatchUpAsync(reactions, cancellationToken);
        await SayAsync("1002");

        var head = await store.GetHeadAsync(cancellationToken);
        foreach (var reaction in reactions) await reaction.ResetAsync(StartFrom.Beginning, cancellationToken);
        await CatchUpAsync(reactions, cancellationToken);
        Say($"every event comes once more, as after a crash: the log ended at position {head} and ends at {await store.GetHeadAsync(cancellationToken)}");
    }

    private async Task ShipAndCreditAsync()
    {
        Step("What is scheduled is shipped; a credit note and its order change together or not at all");
        await foreach (var scheduled in store.ReadAllAsync(EventQuery.Of<ShippingScheduled>().InStream(Streams.Order("1001"))))
            using (EventContext.BeginScope(scheduled))
                await store.ExecuteAsync<Order>(Streams.Order("1001"), order => order.Ship("RM-20-4711"));
        var loaded = await store.LoadAsync<Order>(Streams.Order("1001"));
        var order = loaded.State;
        var back = order.Lines[0] with { Quantity = -1 };
        var result = await store.AppendAsync(new Append { CommandId = "credit-C1001", Metadata = new() { CorrelationId = "return-1001", Actor = "clerk" } }
            .To(Streams.Order("1001"), ExpectedVersion.Exactly(loaded.StreamVersion), order.Credit("C1001", -back.Total))
            .To(Streams.CreditNote("C1001"), ExpectedVersion.NoStream,
                [new CreditNoteIssued("C1001", "1001", order.CustomerId, order.Country, clock.GetUtcNow(), back.Total, [back])]));
        Say($"one append, two streams: {result}");
    }

    private async Task TraceAsync()
    {
        Step("What followed from the command pay-1001");
        foreach (var (depth, e) in (await store.GetCausationTreeAsync("pay-1001")).Flatten())
            Say($"{new string(' ', depth * 2)}{e.StreamId} {e.Type}, by {e.Actor}, because of {(depth == 0 ? e.CausationId : "the event above")}");
    }

    private async Task CancelAsync()
    {
        Step("An order is cancelled; what the state does not allow is refused before anything is stored");
        var cancelled = await store.ExecuteAsync<Order>(Streams.Order("1003"), order => order.Cancel("changed her mind"));
        Say($"order-1003 is {cancelled.State.Status} at version {cancelled.StreamVersion}");
        try
        {
            await store.ExecuteAsync<Order>(Streams.Order("1003"), order => order.Pay(39.90m));
        }
        catch (RefusedException e)
        {
            Say($"a payment is refused: {e.Message}");
        }
    }

    private async Task ShowHistoryAsync()
    {
        Step("The history of an order");
        await foreach (var e in store.ReadStreamAsync(Streams.Order("1001")))
            Say($"version {e.Version} at position {e.Position,2}  {e.Type,-18}  {Brief(e.Data)}");
    }

    private async Task ShowThePastAsync()
    {
        Step("Its state now, and as it was at version 1");
        foreach (var version in new long?[] { null, 1 })
        {
            var order = await store.LoadAsync<Order>(Streams.Order("1001"), version);
            Say($"version {order.StreamVersion}:");
            foreach (var line in OrderText.Of(order.State).Split(Environment.NewLine)) Say(line);
        }
    }

    private async Task ShowViewsAsync(CancellationToken cancellationToken)
    {
        Step("Views: documents made of the events, kept up to date, and found by what they hold");
        await using var views = ShopViews.On(store);
        await views.CatchUpAsync(cancellationToken);
        await foreach (var order in views.View<OrderRow>().OrderBy("created").ReadAsync(cancellationToken))
            Say($"order {order.OrderId} of {order.CustomerId}: {order.Status}, {order.Total}, paid {order.Paid}, returned {order.Returned}");
        await foreach (var entry in views.View<HistoryRow>().Where("customer", "u-1").OrderBy("at").ReadAsync(cancellationToken))
            Say($"the history of u-1: {entry.Document}, {entry.Value}{(entry.IsCancelled ? ", cancelled" : "")}");
        foreach (var product in (await views.View<ProductSales>().OrderByDescending("netValue").PageAsync(1, cancellationToken: cancellationToken)).Rows)
            Say($"best-selling: {product.StockCode}, {product.Quantity} pieces for {product.NetValue}");
        foreach (var stock in (await views.View<StockRow>().OrderByDescending("back").PageAsync(1, cancellationToken: cancellationToken)).Rows)
            Say($"most returned: {stock.StockCode}, {stock.Out} out and {stock.Back} back");
    }

    private async Task<bool> ReplayAsync(CancellationToken cancellationToken)
    {
        Step("A replay of the whole log gives the same totals");
        Dictionary<StreamId, Order> replayed = [];
        await foreach (var e in store.ReadAllAsync(cancellationToken: cancellationToken))
            if (Streams.IsOrder(e.StreamId))
                replayed[e.StreamId] = replayed.GetValueOrDefault(e.StreamId, Order.Create()).Apply(e.Data);

        List<Order> loaded = [];
        foreach (var stream in replayed.Keys) loaded.Add((await store.LoadAsync<Order>(stream, null, cancellationToken)).State);
        var (one, other) = (Totals(loaded), Totals(replayed.Values));
        Say($"stream by stream:  {one}");
        Say($"one replay of all: {other}");
        return one == other;
    }

    private async Task CatchUpAsync(IEnumerable<Subscription> reactions, CancellationToken cancellationToken)
    {
        var head = await store.GetHeadAsync(cancellationToken);
        foreach (var reaction in reactions) await reaction.WaitForPositionAsync(head, cancellationToken);
    }

    private async Task SayAsync(params string[] orderIds)
    {
        foreach (var orderId in orderIds)
        {
            var order = (await store.LoadAsync<Order>(Streams.Order(orderId))).State;
            Say($"order-{orderId} is {order.Status}, shipping scheduled: {order.IsShippingScheduled}, refunded: {order.Refunded} of {order.Paid}");
        }
    }

    private async Task PlaceAsync(string orderId, string customerId, Address shipping, Address billing, params OrderLine[] lines)
    {
        var placed = await store.ExecuteAsync<Order>(Streams.Order(orderId),
            order => order.Create(orderId, customerId, lines, shipping, billing, clock.GetUtcNow()), new() { Metadata = new() { CorrelationId = $"checkout-{orderId}", Actor = customerId } });
        Say($"order-{orderId} of {customerId}: {placed.State.Lines.Sum(l => l.Quantity)} pieces for {placed.State.TotalPrice}");
    }

    // The id says which command it is; its JSON, what it wants.
    private async Task<AppendResult> PayAsync(string orderId, decimal amount) =>
        await _commands.SendAsync(new PayOrder(orderId, amount), new() { CommandId = $"pay-{orderId}", Metadata = new() { CorrelationId = $"checkout-{orderId}", Actor = "u-1" } });

    private async Task<Product> ProductAsync(string productId) => (await store.LoadAsync<Product>(Streams.Product(productId))).State;

    private static string Totals(IReadOnlyCollection<Order> orders) =>
        $"{orders.Count} orders, {orders.Count(o => o.Status == OrderStatus.Cancelled)} cancelled, " +
        $"{orders.Where(o => o.Status != OrderStatus.Cancelled).Sum(o => o.TotalPrice)} sold, {orders.Sum(o => o.Paid)} paid, {orders.Sum(o => o.Credited)} credited, {orders.Sum(o => o.Refunded)} refunded";

    private static string Brief(object @event) => @event switch
    {
        OrderCreated e => $"lines: {e.Lines.Count}; total {e.TotalPrice}",
        OrderUpdated e => $"lines: {e.Lines.Count} more, {e.Removed.Count} less; total {e.TotalPrice}",
        _ => $"{@event}",
    };

    private void Step(string title) => screen.WriteLine($"{(_step == 0 ? "" : Environment.NewLine)}{++_step}. {title}");

    private void Say(string text) => screen.WriteLine($"   {text}");
}
