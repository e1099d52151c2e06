using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Answers the library's exceptions, and those of requests that cannot be read.</summary>
internal sealed class ProblemHandler(IOptions<EventSourcingProblemOptions> options, ILogger<ProblemHandler> logger) : IExceptionHandler
{
    // Long enough for a busy store, short enough for a waiting user.
    private const string RetryAfterSeconds = "1";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is BadHttpRequestException bad)
        {
            await Problems.WriteAsync(httpContext, Problems.Of(bad.StatusCode, "bad-request", "The request cannot be read.", bad.Message), bad).ConfigureAwait(false);
            return true;
        }

        if (exception is not EventSourcingException error) return false;
        var problem = Problems.Of(error, Preconditions.IsCauseOf(error, httpContext), options.Value.IncludeServerErrors);
        if (problem.Status >= StatusCodes.Status500InternalServerError) LogMessages.ServerError(logger, problem.Status.Value, problem.Type!, error);
        if (error.IsTransient) httpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
        await Problems.WriteAsync(httpContext, problem, error).ConfigureAwait(false);
        return true;
    }
}
