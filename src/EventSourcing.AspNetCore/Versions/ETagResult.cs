using System.Reflection;
using EventSourcing.AspNetCore.Internal;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Net.Http.Headers;

namespace EventSourcing.AspNetCore;

/// <summary>A result with the version of a stream as its entity tag. Made by <see cref="ETagExtensions.WithETag"/>.</summary>
/// <typeparam name="TResult">The result, whose description in OpenAPI is kept.</typeparam>
public sealed class ETagResult<TResult> : IResult, IEndpointMetadataProvider where TResult : IResult, IEndpointMetadataProvider
{
    internal ETagResult(TResult result, long version) => (Result, Version) = (result, version);

    /// <summary>The result.</summary>
    public TResult Result { get; }

    /// <summary>The version of the stream.</summary>
    public long Version { get; }

    /// <summary>Writes the result with its entity tag; 304 without a body where a GET or HEAD request has the same one in <c>If-None-Match</c>.</summary>
    /// <param name="httpContext">The request.</param>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        httpContext.Response.SetETag(Version);
        if (!IsKnown(httpContext.Request)) return Result.ExecuteAsync(httpContext);
        httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder) => TResult.PopulateMetadata(method, builder);

    private bool IsKnown(HttpRequest request)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)) return false;
        var tag = Preconditions.TagOf(Version);
        return EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch.ToArray()!, out var known)
            && known.Any(other => other.Equals(EntityTagHeaderValue.Any) || tag.Compare(other, useStrongComparison: false));
    }
}
