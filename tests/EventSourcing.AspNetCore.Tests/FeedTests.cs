using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using FluentAssertions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>The feed has every event once, in order, whatever happens to connections, and continues in one history only.</summary>
public sealed class FeedTests(string log) : Logs(log)
{
    [Test, CancelAfter(30_000)]
    public async Task It_has_what_is_stored_and_then_what_is_stored_later()
    {
        await using var web = await FeedAsync();
        await web.Store.AppendAsync("order-1", ExpectedVersion.NoStream, [new OrderCreated("ann", 100)]);
        await using var feed = await Feed.OpenAsync(web, "/events");
        var first = await feed.NextAsync();
        first.EventType.Should().Be("order-created");
        first.Data.Should().Match("{\"id\":\"*\",\"type\":\"order-created\",\"stream\":\"order-1\",\"version\":1,\"position\":1,\"timestamp\":\"*\",\"tags\":[\"customer:ann\"],\"data\":{\"customer\":\"ann\",\"total\":100}}");
        ResumeToken.Parse(first.EventId!, null).Position.ToInt64().Should().Be(1);
        first.ReconnectionInterval.Should().Be(TimeSpan.FromMilliseconds(50));
        await web.Store.AppendAsync("order-1", ExpectedVersion.Any, [new OrderPaid(1), new OrderPaid(2)]);
        ((await feed.NextPositionAsync()), (await feed.NextPositionAsync())).Should().Be((2, 3));
    }

    [TestCase("type=order-paid", 2, 3, 4), TestCase("type=order-paid&type=order-created&category=order", 1, 2, 4), TestCase("category=bill", 3), TestCase("category=bill&category=order", 1, 2, 3, 4)]
    [TestCase("tag=customer:ann", 1), TestCase("tag=customer:bob"), TestCase("from=beginning", 1, 2, 3, 4), TestCase("from=end"), CancelAfter(30_000)]
    public async Task A_client_selects_by_type_category_tag_and_place(string query, params int[] positions)
    {
        await using var web = await FeedAsync();
        await FillAsync(web);
        await using var feed = await Feed.OpenAsync(web, $"/events?{query}");
        foreach (var position in positions) (await feed.NextPositionAsync()).Should().Be(position);
        await web.Store.AppendAsync("order-1", ExpectedVersion.Any, [new OrderPaid(9)]);
        await web.Store.AppendAsync("bill-1", ExpectedVersion.Any, [new OrderPaid(9)]);
        await web.Store.AppendAsync("order-9", ExpectedVersion.Any, [new OrderCreated("ann", 1), new OrderCreated("bob", 1)]);
        (await feed.NextPositionAsync()).Should().BeOneOf(5, 6, 7, 8);
    }

    [Test, CancelAfter(30_000)]
    public async Task A_client_sees_no_more_than_the_application_allows()
    {
        await using var web = await FeedAsync(o => o.Filter = EventFilter.Category("bill"));
        await FillAsync(web);
        await using var feed = await Feed.OpenAsync(web, "/events?type=order-paid");
        (await feed.NextPositionAsync()).Should().Be(3);
        await FillAsync(web);
        (await feed.NextPositionAsync()).Should().Be(7);
    }

    [TestCase("/events?tag=nonsense"), TestCase("/events?type="), TestCase("/events?category=a-b"), TestCase("/events?from=middle"), TestCase("/events?after=x"), TestCase("/events?after=1.3")]
    public async Task What_cannot_be_read_is_answered_with_400(string path)
    {
        await using var web = await FeedAsync();
        var (answer, _) = await Web.ProblemAsync(await web.Client.GetAsync(path));
        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [Test, CancelAfter(120_000)]
    public async Task It_is_resumed_after_dropped_connections_without_a_gap_or_a_repetition()
    {
        const int Connections = 1000;
        await using var web = await FeedAsync(isKestrel: true);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await web.Store.AppendAsync($"order-{i % 7}", ExpectedVersion.Any, [new OrderPaid(i)]);
                await Task.Delay(1);
            }
        });
        var (random, last, seen) = (new Random(7), (string?)null, new List<long>());
        for (var connection = 0; connection < Connections; connection++)
        {
            await using var feed = await Feed.OpenAsync(web, "/events", last);
            for (var wanted = random.Next(4); wanted > 0; wanted--)
            {
                var e = await feed.NextAsync();
                last = e.EventId;
                seen.Add(Feed.PositionOf(e));
            }
        }

        await stop.CancelAsync();
        await writing;
        seen.Count.Should().BeGreaterThan(Connections);
        seen.Should().Equal(Enumerable.Range(1, seen.Count).Select(i => (long)i));
    }

    [Test, CancelAfter(60_000)]
    public async Task A_place_is_refused_with_410_after_the_log_was_replaced_by_an_older_copy()
    {
        string place;
        await using (var web = await FeedAsync())
        {
            await FillAsync(web);
            if (IsFile) await web.Store.Log.Find<EventSourcing.Sqlite.SqliteEventLog>()!.BackupAsync(LogPath + ".old");
            await FillAsync(web);
            await using var feed = await Feed.OpenAsync(web, "/events");
            for (var i = 0; i < 7; i++) await feed.NextAsync();
            place = (await feed.NextAsync()).EventId!;
        }

        if (IsFile)
        {
            foreach (var suffix in (string[])["", "-wal", "-shm"]) File.Delete(LogPath + suffix);
            File.Move(LogPath + ".old", LogPath);
        }

        await using var restored = await FeedAsync();
        foreach (var fills in (int[])[0, 1, 2])
        {
            if (fills > 0) await FillAsync(restored);
            var (answer, problem) = await Web.ProblemAsync(await Feed.GetAsync(restored, "/events", place));
            answer.StatusCode.Should().Be(HttpStatusCode.Gone);
            problem.GetProperty("action").GetString().Should().Contain("Read the state again");
        }
    }

    [Test, CancelAfter(30_000)]
    public async Task A_silent_feed_sends_comments_that_have_the_place()
    {
        await using var web = await FeedAsync(o => o.Heartbeat = TimeSpan.FromMilliseconds(100));
        await FillAsync(web);
        using var answer = await Feed.GetAsync(web, "/events?category=none");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() != ": heartbeat") { }
        ResumeToken.Parse((await reader.ReadLineAsync())!["id: ".Length..], null).Position.ToInt64().Should().Be(4);
        answer.Headers.CacheControl!.NoStore.Should().BeTrue();
    }

    [Test, CancelAfter(60_000)]
    public async Task A_client_that_reads_nothing_is_dropped_and_others_go_their_way()
    {
        await using var web = await FeedAsync(o => o.WriteTimeout = TimeSpan.FromMilliseconds(300), isKestrel: true);
        await web.Store.AppendAsync("order-1", ExpectedVersion.NoStream, Enumerable.Range(0, 300).Select(_ => new OrderPaid(1)));
        for (var i = 0; i < 60; i++) await web.Store.AppendAsync("big-1", ExpectedVersion.Any, [new Note(new string('n', 400_000))]);
        using var slow = await Feed.GetAsync(web, "/events");
        await using var quick = await Feed.OpenAsync(web, "/events?category=order");
        for (var i = 1; i <= 300; i++) (await quick.NextPositionAsync()).Should().Be(i);
        await Task.Delay(1500);
        using var received = new MemoryStream();
        var reading = async () => await (await slow.Content.ReadAsStreamAsync()).CopyToAsync(received);
        await reading.Should().ThrowAsync<IOException>("the connection was closed before everything was sent");
        received.Length.Should().BeLessThan(60 * 400_000);
    }

    [Test, CancelAfter(30_000)]
    public async Task It_ends_when_the_application_stops_and_takes_no_more_clients_than_it_may()
    {
        await using var web = await FeedAsync(o => o.MaxClients = 1);
        await FillAsync(web);
        await using var feed = await Feed.OpenAsync(web, "/events");
        for (var i = 0; i < 4; i++) await feed.NextAsync();
        (await web.Client.GetAsync("/events")).StatusCode.Should().Be(HttpStatusCode.ServiceUnavailable);
        var stopping = web.StopAsync();
        (await feed.EndsAsync()).Should().BeTrue();
        await stopping;
    }

    [Test]
    public void Settings_are_validated()
    {
        var app = WebApplication.CreateBuilder().Build();
        foreach (var configure in (Action<EventFeedOptions>[])[o => o.Heartbeat = TimeSpan.Zero, o => o.WriteTimeout = TimeSpan.FromDays(1), o => o.Retry = TimeSpan.FromTicks(-1), o => o.MaxClients = 0])
            app.Invoking(a => a.MapEventFeed("/events", configure)).Should().Throw<ArgumentOutOfRangeException>();
        app.Invoking(a => a.MapEventFeed("/events", o => o.Filter = null!)).Should().Throw<ArgumentNullException>();
    }

    private Task<Web> FeedAsync(Action<EventFeedOptions>? configure = null, bool isKestrel = false) => Web.StartAsync(
        app => app.MapEventFeed("/events", o =>
        {
            o.Retry = TimeSpan.FromMilliseconds(50);
            configure?.Invoke(o);
        }),
        Configure,
        isKestrel);

    private static async Task FillAsync(Web web)
    {
        var head = (await web.Store.GetHeadAsync()).ToInt64();
        await web.Store.AppendAsync($"order-{head}", ExpectedVersion.NoStream, [new OrderCreated("ann", 1), new OrderPaid(1)]);
        await web.Store.AppendAsync($"bill-{head}", ExpectedVersion.NoStream, [new OrderPaid(2)]);
        await web.Store.AppendAsync($"order-{head}", ExpectedVersion.Any, [new OrderPaid(3)]);
    }

    private sealed class Feed : IAsyncDisposable
    {
        private readonly HttpResponseMessage _answer;
        private readonly IAsyncEnumerator<SseItem<string>> _items;

        private Feed(HttpResponseMessage answer, Stream stream) => (_answer, _items) = (answer, SseParser.Create(stream).EnumerateAsync().GetAsyncEnumerator());

        internal static async Task<HttpResponseMessage> GetAsync(Web web, string path, string? place = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (place is not null) request.Headers.Add("Last-Event-ID", place);
            return await web.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }

        internal static async Task<Feed> OpenAsync(Web web, string path, string? place = null)
        {
            var answer = await GetAsync(web, path, place);
            answer.StatusCode.Should().Be(HttpStatusCode.OK);
            answer.Content.Headers.ContentType!.MediaType.Should().Be("text/event-stream");
            return new(answer, await answer.Content.ReadAsStreamAsync());
        }

        internal static long PositionOf(SseItem<string> item)
        {
            using var data = JsonDocument.Parse(item.Data);
            return data.RootElement.GetProperty("position").GetInt64();
        }

        internal async Task<SseItem<string>> NextAsync() => await _items.MoveNextAsync() ? _items.Current : throw new EndOfStreamException("The feed has ended.");

        internal async Task<long> NextPositionAsync() => PositionOf(await NextAsync());

        internal async Task<bool> EndsAsync() => !await _items.MoveNextAsync();

        public async ValueTask DisposeAsync()
        {
            _answer.Dispose();
            try
            {
                await _items.DisposeAsync();
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or NotSupportedException)
            {
            }
        }
    }
}
