using EventSourcing;

namespace Orders.Views;

/// <summary>The views of the shop.</summary>
public static class ShopViews
{
    /// <summary>The set that the sales report reads: in one set, so that the report is of one point in time and each event is decoded once for all of them.</summary>
    public const string Sales = "sales";

    /// <summary>The views of a store. Nothing is built before they are started or brought up to date.</summary>
    public static EventViews On(IEventStore store) => new(store,
    [
        new OrderList(),
        new CustomerHistory(),
        new ViewSet(Sales, version: 2,
            new TotalSales(), new SalesByCountry(), new SalesByDay(), new ProductList(), new CustomerList(), new BuyerCount(), new OrderGoods(), new StockMovement()),
        Summaries(),
    ]);

    /// <summary>The summaries alone. While they are started, each append of the process writes them in its own transaction, and a read after it sees it.</summary>
    public static EventViews SummariesOn(IEventStore store) => new(store, [Summaries()]);

    private static ViewSet Summaries() => new(new OrderSummary()) { Mode = ViewMode.Inline };
}
