using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore;

/// <summary>Settings of an endpoint that takes an <c>Idempotency-Key</c>. Validated and copied when the endpoint is mapped.</summary>
public sealed class IdempotencyOptions
{
    /// <summary>Whether a request without a key is answered with 400. Default true.</summary>
    public bool IsRequired { get; set; } = true;

    /// <summary>How many bytes a body may have, as it is kept in memory for the fingerprint; more are answered with 413. Default 1 MiB; from 0 to 256 MiB.</summary>
    public int MaxBodyBytes { get; set; } = 1 << 20;

    /// <summary>Whose key it is: two scopes may use the same key. Default: the name of the authenticated user, empty where there is none.</summary>
    public Func<HttpContext, string> Scope { get; set; } = static context => context.User.Identity is { IsAuthenticated: true, Name: { } name } ? name : "";

    internal IdempotencyOptions Validated()
    {
        if (MaxBodyBytes is < 0 or > 256 << 20) throw new ArgumentOutOfRangeException(nameof(MaxBodyBytes), MaxBodyBytes, "MaxBodyBytes must be from 0 to 268,435,456.");
        ArgumentNullException.ThrowIfNull(Scope);
        return (IdempotencyOptions)MemberwiseClone();
    }
}
