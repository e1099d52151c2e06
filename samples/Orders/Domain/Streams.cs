using EventSourcing;

namespace Orders.Domain;

/// <summary>The names of the shop's streams: category, dash, id.</summary>
public static class Streams
{
    /// <summary>A user.</summary>
    public static StreamId User(string userId) => new($"user-{userId}");

    /// <summary>A product.</summary>
    public static StreamId Product(string productId) => new($"product-{productId}");

    /// <summary>An order.</summary>
    public static StreamId Order(string orderId) => new($"order-{orderId}");

    /// <summary>True for the stream of an order: one of the shop's own, or one that other programs began in SQL without naming a stream.</summary>
    public static bool IsOrder(StreamId stream) => stream.IsInCategory("order") || stream.IsInCategory("createOrder");

    /// <summary>The id in a stream's name: what comes after the category.</summary>
    public static string IdOf(StreamId stream) => stream.Value[(stream.Category.Length + 1)..];

    /// <summary>A credit note.</summary>
    public static StreamId CreditNote(string creditNoteId) => new($"creditnote-{creditNoteId}");

    /// <summary>An adjustment of the books.</summary>
    public static StreamId Adjustment(string adjustmentId) => new($"adjustment-{adjustmentId}");
}
