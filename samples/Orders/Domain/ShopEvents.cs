using EventSourcing;

namespace Orders.Domain;

/// <summary>Under which names the shop's events are stored. Names outlive classes: a class may be renamed, a name may not.</summary>
/// <remarks>Other programs append in SQL under the names <c>createOrder</c>, <c>updateOrder</c> and <c>cancelOrder</c>: they are read as the shop's own.</remarks>
public static class ShopEvents
{
    /// <summary>The type map.</summary>
    public static EventTypeMap Types { get; } = EventTypeMap.Create(map => map
        .Add("user-registered", ShopJson.Default.UserRegistered, tags: [("email", "email")])
        .Add("user-imported", ShopJson.Default.UserImported)
        .Add("address-added", ShopJson.Default.AddressAdded)
        .Add("product-added", ShopJson.Default.ProductAdded)
        .Add("product-price-changed", ShopJson.Default.ProductPriceChanged)
        .Add("order-created", ShopJson.Default.OrderCreated, tags: [("customer", "customerId")], aliases: ["createOrder"])
        .Add("order-updated", ShopJson.Default.OrderUpdated, aliases: ["updateOrder"])
        .Add("order-paid", ShopJson.Default.OrderPaid)
        .Add("shipping-scheduled", ShopJson.Default.ShippingScheduled)
        .Add("order-shipped", ShopJson.Default.OrderShipped)
        .Add("order-cancelled", ShopJson.Default.OrderCancelled, aliases: ["cancelOrder"])
        .Add("order-credited", ShopJson.Default.OrderCredited)
        .Add("order-refunded", ShopJson.Default.OrderRefunded)
        .Add("credit-note-issued", ShopJson.Default.CreditNoteIssued, tags: [("customer", "customerId")])
        .Add("adjustment-booked", ShopJson.Default.AdjustmentBooked)
        .Add("document-continued", ShopJson.Default.DocumentContinued));
}
