using System.Diagnostics.CodeAnalysis;
using EventSourcing.AspNetCore.Internal;
using EventSourcing.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EventSourcing.AspNetCore;

/// <summary>The events of a store as Server-Sent Events.</summary>
public static class EventFeedExtensions
{
    /// <summary>Maps a feed: a GET request is answered with the stored events, in order of position, and then with each event as it is stored (<c>text/event-stream</c>, WHATWG HTML, section 9.2).</summary>
    /// <remarks>
    /// <para>Each event has its type's stored name in <c>event</c>, its <see cref="ResumeToken"/> in <c>id</c>, and in <c>data</c> JSON with id, type, stream, version, position, timestamp, tags and data. A client that connects again with
    /// the last <c>id</c> in <c>Last-Event-ID</c>, as browsers do, continues without a gap and without a repetition. <c>?after=</c> gives the place where a header cannot be sent. A place of another history of the log is answered with 410, and
    /// one that cannot be read with 400. A failure after the answer has begun ends it; the client's next request is answered with the status.</para>
    /// <para>The query string selects: <c>type</c> (one of several), <c>category</c> (one of several) and <c>tag</c> as <c>name:value</c> (all of several). The feed reads the log no faster than the client accepts it, so a slow client costs no
    /// memory beyond one page; one that accepts nothing for <see cref="EventFeedOptions.WriteTimeout"/> is dropped. When the application stops, the feed ends.</para>
    /// </remarks>
    /// <param name="endpoints">The application, or a group of endpoints.</param>
    /// <param name="pattern">The route.</param>
    /// <param name="configure">Changes the settings; null for the defaults.</param>
    /// <returns>The endpoint, for conventions such as <c>RequireAuthorization()</c>.</returns>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public static IEndpointConventionBuilder MapEventFeed(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern, Action<EventFeedOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var options = new EventFeedOptions();
        configure?.Invoke(options);
        RequestDelegate serve = new EventFeed(options.Validated()).ServeAsync;
        return endpoints.MapGet(pattern, serve);
    }
}
