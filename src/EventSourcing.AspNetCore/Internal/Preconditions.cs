using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Reads the conditions of requests, and remembers that a handler has used them.</summary>
internal static class Preconditions
{
    private static readonly object s_used = new();

    /// <summary>The entity tag of a stream's version.</summary>
    internal static EntityTagHeaderValue TagOf(long version) => new($"\"{version.ToString(CultureInfo.InvariantCulture)}\"");

    internal static bool IsPresent(HttpRequest request) => request.Headers.IfMatch.Count > 0 || IsNone(request);

    internal static void Remember(HttpContext context, ExpectedVersion expected) => context.Items[s_used] = expected;

    /// <summary>True when the request's handler has taken the expected version from the request, and a stream did not have it.</summary>
    internal static bool IsCauseOf(EventSourcingException error, HttpContext context) =>
        error is WrongExpectedVersionException { Mismatches: var mismatches } && context.Items.TryGetValue(s_used, out var sent) && mismatches.Any(m => m.Expected.Equals(sent));

    internal static IfMatch Read(HttpRequest request)
    {
        var (match, isNone) = (request.Headers.IfMatch, IsNone(request));
        if (match.Count == 0) return isNone ? new(ExpectedVersion.NoStream) : default;
        if (isNone) throw new BadHttpRequestException("If-Match and If-None-Match: * exclude each other. Send one of them.", StatusCodes.Status400BadRequest);
        if (!EntityTagHeaderValue.TryParseStrictList(match.ToArray()!, out var tags) || tags.Count != 1)
            throw new BadHttpRequestException($"If-Match is '{match}'. Send one entity tag as the server gave it, such as \"7\", or *.", StatusCodes.Status400BadRequest);
        var tag = tags[0];
        if (tag.Equals(EntityTagHeaderValue.Any)) return new(ExpectedVersion.StreamExists);
        var text = tag.Tag.AsSpan().Trim('"');
        // RFC 9110, section 13.1.1: the comparison is strong, and a weak entity tag equals no other. A tag of another form equals none of ours.
        return !tag.IsWeak && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version < long.MaxValue && TagOf(version).Equals(tag)
            ? new(ExpectedVersion.Exactly(version))
            : throw new BadHttpRequestException($"No version of a stream has the entity tag {match}. Read the resource again.", StatusCodes.Status412PreconditionFailed);
    }

    private static bool IsNone(HttpRequest request) => request.Headers.IfNoneMatch.ToString().Trim() == "*";
}
