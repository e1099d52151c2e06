using System.Net;
using System.Net.Http.Headers;
using System.Text;
using EventSourcing.AspNetCore.Internal;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using NUnit.Framework;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>A key is a command id: a repeat gets the first answer, and another request with the key is refused.</summary>
public sealed class IdempotencyTests(string log) : Logs(log)
{
    private const string Body = """{"customer":"ann","total":100}""";

    [Test, CancelAfter(60_000)]
    public async Task Concurrent_retries_give_one_order_and_equal_answers()
    {
        await using var web = await StartAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => PostAsync(web, "/orders/1", "k-1", Body))));
        var seen = await Task.WhenAll(answers.Select(async a => (a.StatusCode, a.Headers.ETag?.ToString(), a.Headers.Location, await a.Content.ReadAsStringAsync())));
        seen.Distinct().Should().ContainSingle().Which.StatusCode.Should().Be(HttpStatusCode.Created);
        (await web.Store.GetHeadAsync()).ToInt64().Should().Be(1);
    }

    [Test]
    public async Task A_decision_is_answered_with_the_first_result()
    {
        await using var web = await StartAsync();
        foreach (var key in (string[])["a", "b", "a", "\"a\""])
            (await (await PostAsync(web, "/payments", key, """{"amount":7}""")).Content.ReadAsStringAsync()).Should().Be(key == "b" ? "2" : "1");
        (await web.Store.GetHeadAsync()).ToInt64().Should().Be(2);
    }

    [Test]
    public async Task Another_request_with_the_key_is_refused()
    {
        await using var web = await StartAsync();
        await PostAsync(web, "/orders/1", "k-1", Body);
        foreach (var (path, body) in ((string, string)[])[("/orders/1", Body + " "), ("/orders/2", Body), ("/orders/1?x=1", Body)])
        {
            var (answer, problem) = await Web.ProblemAsync(await PostAsync(web, path, "k-1", body));
            ((int)answer.StatusCode, problem.GetProperty("type").GetString()).Should().Be((422, "urn:event-sourcing:command-id-conflict"), path);
        }

        (await web.Store.GetHeadAsync()).ToInt64().Should().Be(1);
    }

    [TestCase(null, "idempotency-key-missing"), TestCase("", "idempotency-key-missing"), TestCase("\"", "idempotency-key-malformed"), TestCase("\"a\"b", "idempotency-key-malformed")]
    [TestCase("a,b", "idempotency-key-malformed"), TestCase("\"a\\n\"", "idempotency-key-malformed"), TestCase("\"\"", "idempotency-key-malformed"), TestCase("\"a\\", "idempotency-key-malformed")]
    public async Task A_request_needs_a_key(string? key, string problem)
    {
        await using var web = await StartAsync();
        var (answer, found) = await Web.ProblemAsync(await PostAsync(web, "/orders/1", key, Body));
        ((int)answer.StatusCode, found.GetProperty("type").GetString()).Should().Be((400, $"urn:event-sourcing:{problem}"));
        (await web.Store.GetHeadAsync()).Should().Be(GlobalPosition.Start);
    }

    [Test]
    public async Task The_longest_key_is_taken_and_a_longer_one_is_not()
    {
        await using var web = await StartAsync();
        ((int)(await PostAsync(web, "/orders/1", new string('k', 255), Body)).StatusCode).Should().Be(201);
        ((int)(await PostAsync(web, "/orders/2", new string('k', 256), Body)).StatusCode).Should().Be(400);
    }

    [Test]
    public async Task A_key_may_be_left_out_where_it_is_optional()
    {
        await using var web = await StartAsync();
        foreach (var version in (string[])["1", "2"])
            (await (await PostAsync(web, "/payments", null, """{"amount":7}""")).Content.ReadAsStringAsync()).Should().Be(version);
    }

    [TestCase(413, "application/json", 5000), TestCase(413, "application/json", 4097), TestCase(400, "application/json", 10), TestCase(415, "text/plain", 0), TestCase(400, "application/json", 4096)]
    public async Task What_cannot_be_read_stores_nothing(int status, string contentType, int padding)
    {
        await using var web = await StartAsync();
        foreach (var isChunked in (bool[])[false, true])
        {
            var answer = await PostAsync(web, "/orders/1", "k-1", padding == 0 ? Body : new string('x', padding), contentType, isChunked);
            ((int)answer.StatusCode).Should().Be(status);
        }

        (await web.Store.GetHeadAsync(), await web.Store.FindCommandAsync("http:0:k-1")).Should().Be((GlobalPosition.Start, null));
        ((int)(await PostAsync(web, "/orders/1", "k-1", Body)).StatusCode).Should().Be(201, "the key is still free");
    }

    [Test]
    public async Task Two_scopes_may_use_one_key()
    {
        await using var web = await Web.StartAsync(
            app => app.MapPost("/", async (IdempotencyKey key, IEventStore store) => TypedResults.Ok((await store.AppendAsync(key.ToAppend().To("order-1", ExpectedVersion.Any, [new OrderPaid(1)]))).Version))
                .WithIdempotencyKey(o => o.Scope = context => context.Request.Headers["X-User"].ToString()),
            Configure);
        foreach (var (user, version) in ((string, string)[])[("ann", "1"), ("bob", "2"), ("ann", "1"), (new string('z', 600), "3")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/");
            request.Headers.Add("X-User", user);
            request.Headers.Add(RequestKey.Header, "k");
            (await (await web.Client.SendAsync(request)).Content.ReadAsStringAsync()).Should().Be(version);
        }

        (await web.Store.FindCommandAsync("http:3:annk")).Should().NotBeNull();
    }

    [Test]
    public async Task An_endpoint_that_is_not_mapped_for_keys_says_what_to_do()
    {
        await using var web = await Web.StartAsync(app => app.MapPost("/", (IdempotencyKey key) => key.Value), Configure);
        var answer = await PostAsync(web, "/", "k", "{}");
        answer.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
    }

    [Test]
    public void Settings_are_validated()
    {
        var app = WebApplication.CreateBuilder().Build();
        app.MapPost("/", () => "").Invoking(e => e.WithIdempotencyKey(o => o.MaxBodyBytes = -1)).Should().Throw<ArgumentOutOfRangeException>();
        app.MapPost("/", () => "").Invoking(e => e.WithIdempotencyKey(o => o.Scope = null!)).Should().Throw<ArgumentNullException>();
        app.MapPost("/", () => "").Invoking(e => e.WithIdempotencyKey(async o => { await Task.Yield(); o.IsRequired = false; })).Should().Throw<ArgumentException>();
    }

    private static async Task<HttpResponseMessage> PostAsync(Web web, string path, string? key, string body, string contentType = "application/json", bool isChunked = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        if (isChunked) request.Headers.TransferEncodingChunked = true;
        if (key is not null) request.Headers.TryAddWithoutValidation(RequestKey.Header, key);
        return await web.Client.SendAsync(request);
    }
}
