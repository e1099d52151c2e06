using EventSourcing.AspNetCore.Internal;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore;

/// <summary>The version that a request expects a stream to have, from the headers <c>If-Match</c> and <c>If-None-Match</c>. A parameter of a minimal API's handler. <c>default</c>: the request expects none.</summary>
/// <remarks>
/// <c>If-Match: "7"</c> is <see cref="ExpectedVersion.Exactly"/>, <c>If-Match: *</c> is <see cref="ExpectedVersion.StreamExists"/>, and <c>If-None-Match: *</c> is <see cref="ExpectedVersion.NoStream"/>.
/// A <see cref="WrongExpectedVersionException"/> is answered with 412 where the handler has this parameter and the version that a stream does not have is the one of the header, and with 409 otherwise (RFC 9110, section 13.1).
/// An entity tag that no stream has, such as a weak one, is answered with 412 before the handler runs; a header that cannot be read, or several entity tags, with 400.
/// </remarks>
public readonly record struct IfMatch
{
    internal IfMatch(ExpectedVersion expected) => (Expected, IsPresent) = (expected, true);

    /// <summary>The expected version; <see cref="ExpectedVersion.Any"/> where the request has no such header.</summary>
    public ExpectedVersion Expected { get; }

    /// <summary>True when the request has one of the headers.</summary>
    public bool IsPresent { get; }

    /// <summary>The condition on a stream, for <see cref="ExecuteOptions.Require"/>; empty where the request has no such header.</summary>
    /// <param name="stream">The stream.</param>
    public IReadOnlyList<StreamCheck> Check(StreamId stream) => IsPresent ? [new(stream, Expected)] : [];

    /// <summary>Called by minimal APIs: reads the headers.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="BadHttpRequestException">Status 412: no stream has the entity tag. Status 400: a header cannot be read.</exception>
    public static ValueTask<IfMatch> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var found = Preconditions.Read(context.Request);
        if (found.IsPresent) Preconditions.Remember(context, found.Expected);
        return new(found);
    }
}
