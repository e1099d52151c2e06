using System.Text;
using Orders.Domain.Sales;
using Orders.Views;

namespace Orders.Commands;

/// <summary>Orders and other documents for people.</summary>
internal static class OrderText
{
    internal static string Of(Order order)
    {
        if (order.Status == OrderStatus.None) return "  does not exist yet";
        var text = new StringBuilder()
            .AppendLine($"  status    {order.Status.ToString().ToLowerInvariant()}")
            .AppendLine($"  created   {order.CreatedAt:yyyy-MM-dd HH:mm:ss}Z")
            .AppendLine($"  customer  {Name(order.CustomerId)}, {order.Country}");
        if (order.ShippingAddress is { } shipping) text.AppendLine($"  ship to   {shipping}");
        if (order.BillingAddress is { } billing) text.AppendLine($"  bill to   {billing}");
        Lines(text, order.Lines);
        text.AppendLine($"  total     {order.TotalPrice}").Append($"  paid      {order.Paid}");
        if (order.Credited != 0) text.AppendLine().Append($"  credited  {order.Credited}");
        if (order.Refunded != 0) text.AppendLine().Append($"  refunded  {order.Refunded}");
        return text.ToString();
    }

    internal static string Of(SummaryRow summary) =>
        $"  summary   {summary.Status.ToString().ToLowerInvariant()}, {summary.Lines:N0} {(summary.Lines == 1 ? "line" : "lines")} of {summary.Total}, {summary.Paid} paid, {summary.Returned} returned; changed {summary.ChangedAt:yyyy-MM-dd HH:mm:ss}Z";

    internal static string Of(Document document)
    {
        if (document.Id.Length == 0) return "  does not exist yet";
        var text = new StringBuilder()
            .AppendLine($"  issued    {document.At:yyyy-MM-dd HH:mm:ss}Z")
            .AppendLine($"  customer  {Name(document.CustomerId)}, {document.Country}");
        if (document.OrderId is { } order) text.AppendLine($"  order     {order}");
        Lines(text, document.Lines);
        return text.Append($"  total     {document.TotalPrice}").ToString();
    }

    private static void Lines(StringBuilder text, IReadOnlyList<OrderLine> lines)
    {
        foreach (var line in lines)
            text.AppendLine($"  {line.Quantity,8} x {line.ProductId,-12} {Screen.OneLine(line.Description),-36} {line.UnitPrice,10} {line.Total,12}");
    }

    private static string Name(string? customerId) => customerId is { Length: > 0 } ? customerId : "(nobody known)";
}
