namespace Orders.Domain.Sales;

/// <summary>How far an order got.</summary>
public enum OrderStatus
{
    /// <summary>There is no such order.</summary>
    None,

    /// <summary>Placed; may be changed, paid or cancelled.</summary>
    Created,

    /// <summary>Paid in full; may be shipped, cancelled or credited.</summary>
    Paid,

    /// <summary>Under way or delivered; may be credited.</summary>
    Shipped,

    /// <summary>Called off; nothing more may happen.</summary>
    Cancelled,
}
