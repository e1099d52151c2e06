using EventSourcing.AspNetCore.Internal;
using EventSourcing.Storage;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace EventSourcing.AspNetCore;

/// <summary>Answers the library's exceptions with problem details.</summary>
public static class EventSourcingProblemExtensions
{
    /// <summary>Answers every <see cref="EventSourcingException"/> with the status of docs/errors.md and problem details (RFC 9457): type, title, detail, and what was expected and found. <c>app.UseExceptionHandler()</c> puts it to work.</summary>
    /// <remarks>
    /// <see cref="Microsoft.AspNetCore.Http.BadHttpRequestException"/>, thrown for a header or a body that cannot be read, is answered with its own status. Other exceptions are left to the handlers after it.
    /// Errors of the server (500 and above) are logged with their exception, and their text is not sent to the client unless <see cref="EventSourcingProblemOptions.IncludeServerErrors"/> is true.
    /// Called again, only <paramref name="configure"/> has an effect.
    /// </remarks>
    /// <param name="services">The container's services.</param>
    /// <param name="configure">Changes the settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    public static IServiceCollection AddEventSourcingProblemDetails(this IServiceCollection services, Action<EventSourcingProblemOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (configure is not null)
        {
            SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
            services.Configure(configure);
        }

        services.AddProblemDetails();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IExceptionHandler, ProblemHandler>());
        services.ConfigureHttpJsonOptions(static json =>
        {
            if (!json.SerializerOptions.TypeInfoResolverChain.Contains(ProblemJson.Default)) json.SerializerOptions.TypeInfoResolverChain.Add(ProblemJson.Default);
        });
        return services;
    }
}
