using EventSourcing;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;

var builder = WebApplication.CreateBuilder();

// blocks

await builder.Build().DisposeAsync();

public sealed class ShippingSubscriber() : EventSubscriber("shipping");
public sealed class Invoicing() : EventSubscriber("invoicing");
