using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Serves one mapped feed to its clients.</summary>
internal sealed class EventFeed(EventFeedOptions options)
{
    // Bounds what is read ahead of a slow client.
    private const int EventsOfRead = 256;

    private int _clients;

    internal async Task ServeAsync(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _clients) > options.MaxClients)
            {
                context.Response.Headers.RetryAfter = "1";
                await Problems.WriteAsync(context, Problems.Of(StatusCodes.Status503ServiceUnavailable, "feed-full", "The feed has no room for another client.", $"{options.MaxClients} clients follow the feed. Connect again later.")).ConfigureAwait(false);
                return;
            }

            await ServeOneAsync(context).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _clients);
        }
    }

    private async Task ServeOneAsync(HttpContext context)
    {
        var services = context.RequestServices;
        var logger = services.GetRequiredService<ILogger<EventFeed>>();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        try
        {
            var store = options.StoreKey is null ? services.GetRequiredService<IEventStore>() : services.GetRequiredKeyedService<IEventStore>(options.StoreKey);
            await FollowAsync(context, store, FeedRequest.Read(context.Request, options), services.GetService<TimeProvider>() ?? TimeProvider.System, end.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested || context.Response.HasStarted)
        {
        }
        catch (TimeoutException) when (context.Response.HasStarted)
        {
            LogMessages.ClientDropped(logger, options.WriteTimeout);
            context.Abort();
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Problems.WriteAsync(context, Problems.Of(e.StatusCode, "bad-request", "The request cannot be read.", e.Message), e).ConfigureAwait(false);
        }
        catch (EventSourcingException e) when (!context.Response.HasStarted && e is LogDivergedException or PositionOutOfRangeException)
        {
            await Problems.WriteAsync(context, Problems.Of(e, false, false), e).ConfigureAwait(false);
        }
        catch (EventSourcingException e) when (context.Response.HasStarted)
        {
            // The client connects again and is answered with the status of what is wrong then.
            LogMessages.FeedEnded(logger, e);
        }
        finally
        {
            // Ends the wait for events.
            await end.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task FollowAsync(HttpContext context, IEventStore store, FeedRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        // Compares the place with the log before the answer begins.
        var head = await store.ReadAllAsync(null, new() { AfterToken = request.After ?? ResumeToken.Start }, cancellationToken).GetHeadTokenAsync(cancellationToken).ConfigureAwait(false);
        var place = request.After ?? head;
        using var writer = new FeedWriter(Begin(context), store.Types, options.WriteTimeout, time);
        writer.Begin(place, options.Retry);
        while (true)
        {
            place = await SendAsync(store, request.Query, place, writer, cancellationToken).ConfigureAwait(false);
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            await WaitAsync(store, place, writer, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static System.IO.Pipelines.PipeWriter Begin(HttpContext context)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache,no-store";
        // For proxies that would keep the answer until it ends.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return context.Response.BodyWriter;
    }

    /// <summary>Sends the events after a place, up to the head; returns the place up to which all were examined.</summary>
    private async ValueTask<ResumeToken> SendAsync(IEventStore store, EventQuery query, ResumeToken place, FeedWriter writer, CancellationToken cancellationToken)
    {
        while (true)
        {
            var events = store.ReadAllAsync(query, new() { AfterToken = place, Filter = options.Filter, MaxCount = EventsOfRead }, cancellationToken);
            var (stored, last) = (0, (EventEnvelope?)null);
            await foreach (var e in events.ConfigureAwait(false))
            {
                var isNext = last is null || e.Position != last.Position;
                if (last is not null) writer.Event(last, isLast: isNext);
                if (isNext) stored++;
                last = e;
                await writer.FlushIfLargeAsync(cancellationToken).ConfigureAwait(false);
            }

            if (last is not null)
            {
                writer.Event(last, isLast: true);
                place = last.ResumeToken;
            }

            if (stored < EventsOfRead) return await events.GetHeadTokenAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for events, and sends a heartbeat where nothing was sent for a while.</summary>
    private async ValueTask WaitAsync(IEventStore store, ResumeToken place, FeedWriter writer, TimeProvider time, CancellationToken cancellationToken)
    {
        var waiting = store.WaitForEventsAsync(place.Position, cancellationToken).AsTask();
        while (true)
        {
            var left = options.Heartbeat - time.GetElapsedTime(writer.WrittenAt);
            if (left <= TimeSpan.Zero)
            {
                writer.Beat(place);
                await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            try
            {
                await waiting.WaitAsync(left, time, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (TimeoutException) when (!waiting.IsCompleted)
            {
            }
        }
    }
}
