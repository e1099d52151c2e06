using EventSourcing.Internal;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Makes problem details and writes them.</summary>
internal static class Problems
{
    internal const string ContentType = "application/problem+json";

    /// <summary>The problem of an exception.</summary>
    /// <param name="error">The exception.</param>
    /// <param name="isPrecondition">True when the client sent the version that was expected.</param>
    /// <param name="includeServerErrors">Whether errors of the server have their text and values.</param>
    internal static ProblemDetails Of(EventSourcingException error, bool isPrecondition, bool includeServerErrors)
    {
        var kind = ProblemKinds.Of(error);
        var status = isPrecondition ? StatusCodes.Status412PreconditionFailed : kind.Status;
        var isShown = status < StatusCodes.Status500InternalServerError || includeServerErrors;
        var problem = new ProblemDetails { Type = kind.TypeUri, Title = kind.Title, Status = status, Detail = isShown ? ExceptionText.MessageOf(error) : null };
        if (isShown) ProblemMembers.Add(problem.Extensions, error);
        if (kind.Action is { } action) problem.Extensions["action"] = action;
        return problem;
    }

    /// <summary>A problem of the request itself.</summary>
    internal static ProblemDetails Of(int status, string name, string title, string detail) =>
        new() { Type = new ProblemKind(name, status, title).TypeUri, Title = title, Status = status, Detail = detail };

    /// <summary>Writes a problem as the application's own service for them does; by itself where there is none, or where the client accepts no JSON.</summary>
    internal static async Task WriteAsync(HttpContext context, ProblemDetails problem, Exception? error = null)
    {
        context.Response.StatusCode = problem.Status!.Value;
        var service = context.RequestServices.GetService<IProblemDetailsService>();
        if (service is not null && await service.TryWriteAsync(new() { HttpContext = context, ProblemDetails = problem, Exception = error }).ConfigureAwait(false)) return;
        await context.Response.WriteAsJsonAsync(problem, ProblemJson.Default.ProblemDetails, ContentType, context.RequestAborted).ConfigureAwait(false);
    }
}
