using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>What a client asks of a feed.</summary>
/// <param name="Query">Which events.</param>
/// <param name="After">The place after which the feed begins; null for the end of the log.</param>
internal sealed record FeedRequest(EventQuery Query, ResumeToken? After)
{
    /// <exception cref="BadHttpRequestException">The place or the selection cannot be read.</exception>
    internal static FeedRequest Read(HttpRequest request, EventFeedOptions options) => new(QueryOf(request.Query), PlaceOf(request, options));

    private static ResumeToken? PlaceOf(HttpRequest request, EventFeedOptions options)
    {
        // A browser keeps the address when it connects again, so the header is the newer place.
        var text = request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header ? header : request.Query["after"].ToString();
        if (text.Length > 0)
        {
            // A bare position would be accepted by any history of the log.
            if (!ResumeToken.TryParse(text, null, out var token) || (!token.IsVerifiable && token != ResumeToken.Start))
                throw new BadHttpRequestException($"'{text}' is no place of a feed. Send the id of the last event that was received, unchanged, or none.");
            return token;
        }

        return request.Query["from"].ToString() switch
        {
            "" => options.StartAtEnd ? null : ResumeToken.Start,
            "beginning" => ResumeToken.Start,
            "end" => null,
            var other => throw new BadHttpRequestException($"from={other} is no place of a feed. Send from=beginning or from=end."),
        };
    }

    private static EventQuery QueryOf(IQueryCollection query)
    {
        try
        {
            var types = query["type"].OfType<string>().ToArray();
            var selected = types.Length == 0 ? EventQuery.All : EventQuery.OfTypes(types);
            foreach (var text in query["tag"].OfType<string>())
            {
                if (!Tag.TryParse(text, null, out var tag)) throw new BadHttpRequestException($"'{text}' is no tag. Send tag=name:value.");
                selected = selected.Tagged(tag.Name, tag.Value);
            }

            var categories = query["category"].OfType<string>().ToArray();
            return categories.Length == 0 ? selected : categories.Select(selected.InCategory).Aggregate((one, other) => one.Or(other));
        }
        catch (ArgumentException e)
        {
            throw new BadHttpRequestException($"The selection cannot be read: {e.Message}", e);
        }
    }
}
