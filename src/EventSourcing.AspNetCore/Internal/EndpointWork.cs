using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Adds work before an endpoint. An endpoint filter would run after the parameters are bound, when the body is read already.</summary>
internal static class EndpointWork
{
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="refusal">The problem that the request is answered with; null to let it pass.</param>
    internal static TBuilder Before<TBuilder>(this TBuilder builder, Func<HttpContext, ProblemDetails?> refusal) where TBuilder : IEndpointConventionBuilder =>
        builder.Before(context => new ValueTask<ProblemDetails?>(refusal(context)));

    internal static TBuilder Before<TBuilder>(this TBuilder builder, Func<HttpContext, ValueTask<ProblemDetails?>> refusal) where TBuilder : IEndpointConventionBuilder
    {
        builder.Finally(endpoint =>
        {
            if (endpoint.RequestDelegate is not { } next) return;
            endpoint.RequestDelegate = async context =>
            {
                if (await refusal(context).ConfigureAwait(false) is { } problem) await Problems.WriteAsync(context, problem).ConfigureAwait(false);
                else await next(context).ConfigureAwait(false);
            };
        });
        return builder;
    }
}
