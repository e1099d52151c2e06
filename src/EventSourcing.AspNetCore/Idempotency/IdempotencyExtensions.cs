using EventSourcing.AspNetCore.Internal;
using EventSourcing.Storage;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.AspNetCore;

/// <summary>Endpoints whose requests may be repeated.</summary>
public static class IdempotencyExtensions
{
    /// <summary>Reads the header <c>Idempotency-Key</c> (draft-ietf-httpapi-idempotency-key-header-07) before the request's handler runs, which takes it by a parameter of type <see cref="IdempotencyKey"/>.</summary>
    /// <remarks>
    /// A key is 1 to 255 printable ASCII characters, with or without the quotes of the draft; <c>"k-1"</c> and <c>k-1</c> are the same key. A request without a key, with several or with one of another form is answered with 400,
    /// one whose body is too large with 413. Then nothing is stored.
    /// </remarks>
    /// <typeparam name="TBuilder">The endpoint or group.</typeparam>
    /// <param name="builder">The endpoint or group.</param>
    /// <param name="configure">Changes the settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">The delegate is asynchronous.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of its range.</exception>
    public static TBuilder WithIdempotencyKey<TBuilder>(this TBuilder builder, Action<IdempotencyOptions>? configure = null) where TBuilder : IEndpointConventionBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (configure is not null) SynchronousDelegate.ThrowIfAsync(configure, nameof(configure));
        var options = new IdempotencyOptions();
        configure?.Invoke(options);
        options = options.Validated();
        return builder.Before(context => RequestKey.ReadAsync(context, options));
    }
}
