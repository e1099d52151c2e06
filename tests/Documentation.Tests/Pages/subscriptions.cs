using Dapper;
using EventSourcing;
using EventSourcing.EntityFrameworkCore;
using EventSourcing.Sqlite;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

await using var store = SqliteEventStore.Open("orders.db", Shop.Types);
await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m), new OrderPaid(20m)]);
var carrier = new Carrier();
var dashboard = new Dashboard();
await using var bus = new EventBus(store);
await using var shipping = await bus.SubscribeAsync<OrderPaid>("parking", (paid, envelope, ct) => Task.CompletedTask);
await using var list = shipping;
await using var reports = new SqliteConnection("Data Source=reports.db");
await reports.OpenAsync();
reports.Execute("CREATE TABLE total (paid REAL NOT NULL); INSERT INTO total VALUES (0); CREATE TABLE place (partition INTEGER PRIMARY KEY, token TEXT NOT NULL, fence INTEGER NOT NULL)");

var shopOptions = new DbContextOptionsBuilder<ShopContext>().UseSqlite("Data Source=shop.db;Pooling=False").Options;
await using (var created = new ShopContext(shopOptions)) await created.Database.EnsureCreatedAsync();

// blocks

public interface IMailServer
{
    Task SendAsync(string to, string text, CancellationToken cancellationToken);
}

internal sealed class Carrier
{
    public Task BookAsync(StreamId order, CancellationToken cancellationToken) => Task.CompletedTask;
}

internal sealed class Dashboard
{
    public Task ShowAsync(EventEnvelope e, CancellationToken cancellationToken) => Task.CompletedTask;
}
