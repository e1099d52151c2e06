using EventSourcing;
using Orders.Domain.Products;
using Orders.Domain.Sales;
using Orders.Domain.Users;

namespace Orders.Domain;

/// <summary>Under which names the shop's events are stored. Names outlive classes: a class may be renamed, a name may not.</summary>
/// <remarks>Other programs append in SQL under the names <c>createOrder</c>, <c>updateOrder</c> and <c>cancelOrder</c>: they are read as the shop's own.</remarks>
public static class ShopEvents
{
    /// <summary>The type map.</summary>
    public static EventTypeMap Types { get; } = EventTypeMap.Create(ShopJson.Default, map => map
        .Add<UserRegistered>("user-registered", e => e.Tag("email", "email"))
        .Add<UserImported>("user-imported")
        .Add<AddressAdded>("address-added")
        .Add<ProductAdded>("product-added")
        .Add<ProductPriceChanged>("product-price-changed")
        .Add<OrderCreated>("order-created", e => e.Tag("customer", "customerId").Alias("createOrder"))
        .Add<OrderUpdated>("order-updated", e => e.Alias("updateOrder"))
        .Add<OrderPaid>("order-paid")
        .Add<ShippingScheduled>("shipping-scheduled")
        .Add<OrderShipped>("order-shipped")
        .Add<OrderCancelled>("order-cancelled", e => e.Alias("cancelOrder"))
        .Add<OrderCredited>("order-credited")
        .Add<OrderRefunded>("order-refunded")
        .Add<CreditNoteIssued>("credit-note-issued", e => e.Tag("customer", "customerId"))
        .Add<AdjustmentBooked>("adjustment-booked")
        .Add<DocumentContinued>("document-continued"));
}
