using System.Text.Json.Serialization;
using Orders.Domain.Products;
using Orders.Domain.Sales;
using Orders.Domain.Users;
using Orders.Views;

namespace Orders.Domain;

/// <summary>The JSON contracts of the shop's events, commands and documents, generated at build time: nothing is found by reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(UserRegistered)), JsonSerializable(typeof(UserImported)), JsonSerializable(typeof(AddressAdded))]
[JsonSerializable(typeof(ProductAdded)), JsonSerializable(typeof(ProductPriceChanged))]
[JsonSerializable(typeof(OrderCreated)), JsonSerializable(typeof(OrderUpdated)), JsonSerializable(typeof(OrderPaid))]
[JsonSerializable(typeof(OrderShipped)), JsonSerializable(typeof(OrderCancelled)), JsonSerializable(typeof(OrderCredited))]
[JsonSerializable(typeof(CreditNoteIssued)), JsonSerializable(typeof(AdjustmentBooked)), JsonSerializable(typeof(DocumentContinued))]
[JsonSerializable(typeof(ShippingScheduled)), JsonSerializable(typeof(OrderRefunded))]
[JsonSerializable(typeof(OrderRow)), JsonSerializable(typeof(SummaryRow)), JsonSerializable(typeof(HistoryRow)), JsonSerializable(typeof(TotalsRow))]
[JsonSerializable(typeof(ProductSales)), JsonSerializable(typeof(CustomerRow)), JsonSerializable(typeof(Buyers))]
[JsonSerializable(typeof(GoodsRow)), JsonSerializable(typeof(StockRow))]
[JsonSerializable(typeof(PayOrder)), JsonSerializable(typeof(ScheduleShipping)), JsonSerializable(typeof(RefundOrder))]
internal sealed partial class ShopJson : JsonSerializerContext;
