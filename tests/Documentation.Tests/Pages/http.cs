using System.Net.Http.Json;
using System.Text.Json;
using EventSourcing;
using EventSourcing.AspNetCore;
using EventSourcing.Hosting;
using EventSourcing.Sqlite;

var builder = WebApplication.CreateBuilder();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Logging.ClearProviders();
WebApplication app = null!;
using var client = new HttpClient();

async Task SendAsync(string method, string path, object? body, params (string Name, string Value)[] headers)
{
    using var request = new HttpRequestMessage(new(method), path) { Content = body is null ? null : JsonContent.Create(body, ShopJson.Default.GetTypeInfo(body.GetType())!) };
    foreach (var (name, value) in headers) request.Headers.Add(name, value);
    using var response = await client.SendAsync(request);
    var text = await response.Content.ReadAsStringAsync();
    using var json = JsonDocument.Parse(text.Length == 0 ? "null" : text);
    var shown = json.RootElement;
    if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        text = shown.GetProperty("type").GetString()!.Split(':')[^1] + (shown.TryGetProperty("expected", out var expected) && shown.TryGetProperty("found", out var found) && int.TryParse(found.ToString(), out _) ? $": expected {expected}, found {found}" : "");
    else if (shown.ValueKind == JsonValueKind.Object)
        text = $"{{\"id\":\"{shown.GetProperty("id")}\",\"paid\":{shown.GetProperty("paid")}}}";
    Console.WriteLine($"{(int)response.StatusCode} {response.Headers.ETag} {text}".Replace("  ", " ").TrimEnd());
}

// blocks

using (var feed = new StreamReader(await client.GetStreamAsync("/events?type=order-paid")))
{
    string? line;
    while ((line = await feed.ReadLineAsync()) is not null && !line.StartsWith("data: ", StringComparison.Ordinal)) { }
    if (line?.Contains("\"stream\":\"order-42\",\"version\":2", StringComparison.Ordinal) != true) throw new InvalidOperationException($"The feed has {line}.");
}

await app.DisposeAsync();

internal sealed class OrderList : Projection<OrderRow>
{
    public OrderList() : base("order-list", version: 1, ShopJson.Default.OrderRow)
    {
        KeyIsStream("order");
        On<OrderCreated>((_, e, envelope) => new(envelope.StreamId.Id, e.CustomerEmail, e.TotalPrice, 0m, envelope.Timestamp));
        OnExisting<OrderPaid>((row, e) => row with { Paid = row.Paid + e.Amount });
    }
}
