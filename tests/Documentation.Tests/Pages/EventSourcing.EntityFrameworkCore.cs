using EventSourcing;
using EventSourcing.EntityFrameworkCore;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;
using Microsoft.EntityFrameworkCore;

await using var store = SqliteEventStore.Open("orders.db", Shop.Types);
await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderCreated("42", "ann@example.com", 62.50m), new OrderPaid(20m)]);
await using var bus = new EventBus(store);
var options = new DbContextOptionsBuilder<ShopContext>().UseSqlite("Data Source=shop.db;Pooling=False").Options;
await using (var created = new ShopContext(options)) await created.Database.EnsureCreatedAsync();
var services = new ServiceCollection();

// blocks

await services.BuildServiceProvider().DisposeAsync();
