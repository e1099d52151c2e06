using EventSourcing.Hosting;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>A client reads its own write from a view: it hands the position of the write back.</summary>
public sealed class ReadAfterTests(string log) : Logs(log)
{
    [Test, CancelAfter(30_000)]
    public async Task A_read_waits_for_the_position_that_the_client_names()
    {
        await using var web = await StartWithViewAsync();
        for (var i = 1; i <= 5; i++)
        {
            var written = await web.Client.PostAsync($"/payments/{i}", null);
            using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
            request.Headers.Add("Read-After", written.Headers.GetValues("Log-Position"));
            (await (await web.Client.SendAsync(request)).Content.ReadAsStringAsync()).Should().Be($"{{\"customer\":\"ann\",\"due\":{100 - i}}}");
        }
    }

    [TestCase("x", 400), TestCase("-1", 400), TestCase("99", 410), TestCase("1", 200), TestCase("0", 200)]
    public async Task A_place_that_the_log_does_not_have_is_not_waited_for(string place, int status)
    {
        await using var web = await StartWithViewAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/orders/1");
        request.Headers.Add("Read-After", place);
        var answer = await web.Client.SendAsync(request);
        ((int)answer.StatusCode).Should().BeOneOf(status, place == "0" ? 404 : status);
        if (status >= 400) await Web.ProblemAsync(answer);
    }

    private async Task<Web> StartWithViewAsync()
    {
        var web = await Web.StartAsync(
            app =>
            {
                app.MapPost("/payments/{amount}", async (string amount, IEventStore store, HttpResponse response) =>
                {
                    var paid = await store.ExecuteAsync<Order>("order-1", _ => [new OrderPaid(1)]);
                    response.SetPosition(paid.Position);
                    return TypedResults.NoContent();
                });
                app.MapGet("/orders/{id}", async Task<IResult> (string id, ReadAfter after, IView<OrderAnswer> orders, CancellationToken ct) =>
                    await orders.At(after).FindAsync(id, ct) is { } order ? TypedResults.Ok(order) : TypedResults.NotFound());
            },
            services =>
            {
                Configure(services);
                services.AddEventSourcing(es => es.AddProjection<Orders>());
                services.AddEventSourcingHosting();
            });
        await web.Store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderCreated("ann", 100)]);
        return web;
    }

    private sealed class Orders : Projection<OrderAnswer>
    {
        public Orders() : base("orders", version: 1, ShopJson.Default.OrderAnswer)
        {
            KeyIsStream("order");
            On<OrderCreated>((_, e) => new(e.Customer, e.Total));
            OnExisting<OrderPaid>((row, e) => row with { Due = row.Due - e.Amount });
        }
    }
}
