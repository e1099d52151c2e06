using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Views;

namespace Orders.Tests.Views;

/// <summary>A shop with a history, and its views at the end of it.</summary>
internal sealed class TestShop : IAsyncDisposable
{
    internal static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private readonly EventStore _store = new(new InMemoryEventLog(), ShopEvents.Types);
    private readonly EventViews _views;

    private TestShop() => _views = ShopViews.On(_store);

    /// <summary>A shop in which this has happened, all of it at noon.</summary>
    internal static async Task<TestShop> OfAsync(params (string Stream, object Event)[] history)
    {
        var shop = new TestShop();
        foreach (var (stream, e) in history) await shop._store.AppendAsync(stream, ExpectedVersion.Any, [new EventData(e).At(Noon)]);
        await shop._views.CatchUpAsync();
        return shop;
    }

    internal static OrderLine Line(string product, int quantity, decimal price) => new(product, "", quantity, price);

    internal static OrderCreated Created(string? customer, params OrderLine[] lines) => new("1", customer, "France", Noon, lines.Sum(l => l.Total), lines);

    internal static OrderUpdated Updated(string? customer, OrderLine[] lines, OrderLine[] removed) => new(customer, "France", 0m, lines, removed);

    internal static CreditNoteIssued Credited(string? customer, params OrderLine[] lines) => new("C1", "1", customer, "France", Noon, lines.Sum(l => l.Total), lines);

    internal static AdjustmentBooked Adjusted(string? customer, params OrderLine[] lines) => new("A1", customer, "France", Noon, lines.Sum(l => l.Total), lines);

    internal IView<TRow> View<TRow>(string? projection = null) where TRow : class => _views.View<TRow>(projection);

    internal async Task<TRow?> FindAsync<TRow>(string key) where TRow : class => await View<TRow>().FindAsync(key);

    public async ValueTask DisposeAsync()
    {
        await _views.DisposeAsync();
        await _store.DisposeAsync();
    }
}
