using System.Net;
using System.Net.Http.Json;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>Entity tags are the versions of streams, and preconditions are expected versions.</summary>
public sealed class VersionTests(string log) : Logs(log)
{
    [Test]
    public async Task An_answer_has_the_version_as_its_entity_tag_and_a_read_of_it_again_has_no_body()
    {
        await using var web = await StartedWithOrderAsync();
        var read = await web.Client.GetAsync("/orders/1");
        read.Headers.ETag!.ToString().Should().Be("\"1\"");
        foreach (var known in (string[])["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"])
            (await SendAsync(web, HttpMethod.Get, "/orders/1", "If-None-Match", known)).StatusCode.Should().Be(HttpStatusCode.NotModified, known);
        foreach (var other in (string[])["\"2\"", "1"])
            (await SendAsync(web, HttpMethod.Get, "/orders/1", "If-None-Match", other)).StatusCode.Should().Be(HttpStatusCode.OK, other);
    }

    [TestCase("\"1\"", 204), TestCase("*", 204)]
    [TestCase("\"2\"", 412), TestCase("\"0\"", 412), TestCase("W/\"1\"", 412), TestCase("\"01\"", 412), TestCase("\"x\"", 412), TestCase("\"9223372036854775807\"", 412), TestCase("\"-1\"", 412), TestCase("\"\"", 412)]
    [TestCase("1", 400), TestCase("\"1\", \"2\"", 400), TestCase("\"1", 400), TestCase(",", 400)]
    public async Task A_precondition_is_the_expected_version(string match, int status)
    {
        await using var web = await StartedWithOrderAsync();
        var answer = await SendAsync(web, HttpMethod.Put, "/orders/1/paid", "If-Match", match, JsonContent.Create(new OrderPaid(1), ShopJson.Default.OrderPaid));
        ((int)answer.StatusCode).Should().Be(status);
        answer.Headers.ETag?.ToString().Should().Be(status == 204 ? "\"2\"" : null);
        (await web.Store.GetStreamInfoAsync("order-1")).Version.Should().Be(status == 204 ? 2 : 1);
        if (status >= 400) await Web.ProblemAsync(answer);
    }

    [Test]
    public async Task A_resource_is_created_once_where_the_client_says_so()
    {
        await using var web = await StartAsync();
        foreach (var status in (int[])[204, 412])
            ((int)(await SendAsync(web, HttpMethod.Put, "/orders/1/paid", "If-None-Match", "*", JsonContent.Create(new OrderPaid(1), ShopJson.Default.OrderPaid))).StatusCode).Should().Be(status);
        var existing = await SendAsync(web, HttpMethod.Put, "/orders/2/paid", "If-Match", "*", JsonContent.Create(new OrderPaid(1), ShopJson.Default.OrderPaid));
        existing.StatusCode.Should().Be(HttpStatusCode.PreconditionFailed);
    }

    [Test]
    public async Task A_precondition_is_required_before_the_body_is_read()
    {
        await using var web = await StartedWithOrderAsync();
        var (answer, problem) = await Web.ProblemAsync(await web.Client.PutAsync("/orders/1/paid", new StringContent("no json", System.Text.Encoding.UTF8, "application/json")));
        ((int)answer.StatusCode, problem.GetProperty("type").GetString()).Should().Be((428, "urn:event-sourcing:precondition-required"));
    }

    [Test]
    public async Task A_decision_checks_the_precondition_of_its_own_stream()
    {
        await using var web = await StartedWithOrderAsync();
        foreach (var status in (int[])[204, 412])
            ((int)(await SendAsync(web, HttpMethod.Post, "/orders/1/decisions", "If-Match", "\"1\"", JsonContent.Create(new OrderPaid(1), ShopJson.Default.OrderPaid))).StatusCode).Should().Be(status);
        (await web.Client.PostAsJsonAsync("/orders/1/decisions", new OrderPaid(1), ShopJson.Default.OrderPaid)).StatusCode.Should().Be(HttpStatusCode.NoContent);
    }

    [TestCase("\"1\"", 409), TestCase("\"2\"", 412)]
    public async Task A_condition_that_the_client_did_not_send_is_no_precondition(string match, int status)
    {
        await using var web = await StartedWithOrderAsync();
        ((int)(await SendAsync(web, HttpMethod.Post, "/orders/1/others", "If-Match", match, JsonContent.Create(new OrderPaid(1), ShopJson.Default.OrderPaid))).StatusCode).Should().Be(status);
    }

    [Test, CancelAfter(120_000)]
    public async Task Races_of_two_writers_end_in_412_with_a_precondition_and_in_409_without()
    {
        await using var web = await StartedWithOrderAsync();
        for (var race = 0; race < 78; race++)
        {
            var (version, isPrecondition) = (race + 1, race % 2 == 0);
            var answers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => isPrecondition
                ? SendAsync(web, HttpMethod.Post, "/orders/1/races?seen=0", "If-Match", $"\"{version}\"", JsonContent.Create(new OrderPaid(1), ShopJson.Default.OrderPaid))
                : web.Client.PostAsJsonAsync($"/orders/1/races?seen={version}", new OrderPaid(1), ShopJson.Default.OrderPaid))));
            answers.Select(a => (int)a.StatusCode).Order().Should().Equal(204, isPrecondition ? 412 : 409);
        }

        (await web.Store.GetStreamInfoAsync("order-1")).Version.Should().Be(79);
    }

    private async Task<Web> StartedWithOrderAsync()
    {
        var web = await StartAsync();
        await web.Store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderCreated("ann", 100)]);
        return web;
    }

    private static async Task<HttpResponseMessage> SendAsync(Web web, HttpMethod method, string path, string header, string value, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.TryAddWithoutValidation(header, value);
        return await web.Client.SendAsync(request);
    }
}
