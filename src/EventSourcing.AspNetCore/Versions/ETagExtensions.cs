using EventSourcing.AspNetCore.Internal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace EventSourcing.AspNetCore;

/// <summary>Entity tags from the versions of streams, and endpoints that require them.</summary>
public static class ETagExtensions
{
    /// <summary>The result with a stream's version as its entity tag: <c>ETag: "7"</c>.</summary>
    /// <typeparam name="TResult">The result, one of <c>TypedResults</c>.</typeparam>
    /// <param name="result">The result.</param>
    /// <param name="version">The version of the stream that the answer was made from, such as <see cref="ExecuteResult{TState}.StreamVersion"/>; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative.</exception>
    /// <example><c>TypedResults.Ok(order.State).WithETag(order.StreamVersion)</c></example>
    public static ETagResult<TResult> WithETag<TResult>(this TResult result, long version) where TResult : IResult, IEndpointMetadataProvider
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        return new(result, version);
    }

    /// <summary>Sets the answer's entity tag to a stream's version.</summary>
    /// <param name="response">The answer, whose headers are not sent yet.</param>
    /// <param name="version">The version; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative.</exception>
    public static void SetETag(this HttpResponse response, long version)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        response.Headers.ETag = Preconditions.TagOf(version).ToString();
    }

    /// <summary>Answers requests without <c>If-Match</c>, or <c>If-None-Match: *</c>, with 428 (RFC 6585), before their body is read.</summary>
    /// <typeparam name="TBuilder">The endpoint or group.</typeparam>
    /// <param name="builder">The endpoint or group, which takes the version by a parameter of type <see cref="IfMatch"/>.</param>
    public static TBuilder RequireIfMatch<TBuilder>(this TBuilder builder) where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Before(static context => Preconditions.IsPresent(context.Request) ? null : Problems.Of(
            StatusCodes.Status428PreconditionRequired, "precondition-required", "The request needs a precondition.",
            "Read the resource, and send its ETag in If-Match; to create it, send If-None-Match: *."));
    }
}
