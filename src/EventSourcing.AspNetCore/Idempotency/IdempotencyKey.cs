using EventSourcing.AspNetCore.Internal;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore;

/// <summary>The key of a request (<c>Idempotency-Key</c>) as a command id, with a fingerprint of the request. A parameter of a minimal API's handler, of an endpoint with <see cref="IdempotencyExtensions.WithIdempotencyKey"/>. <c>default</c>: the request has no key.</summary>
/// <remarks>
/// The store answers a command id that it has with the first result, and refuses it with a <see cref="CommandIdConflictException"/>, which is 422, where the fingerprint is another. A handler that answers from the result alone
/// gives every repeat of a request the same answer. A repeat that arrives while the first is running waits for it.
/// </remarks>
public readonly record struct IdempotencyKey
{
    private readonly byte[]? _fingerprint;

    internal IdempotencyKey(string value, string commandId, byte[] fingerprint) => (Value, CommandId, _fingerprint) = (value, commandId, fingerprint);

    /// <summary>The key as the client sent it, without quotes; null where the request has none.</summary>
    public string? Value { get; }

    /// <summary>The command's id: <c>http:{length of scope}:{scope}{key}</c>, or its SHA-256 where that is longer than 512 bytes. Null where the request has no key.</summary>
    public string? CommandId { get; }

    /// <summary>The SHA-256 of method, path, query, media type and body. Empty where the request has no key.</summary>
    public ReadOnlyMemory<byte> Fingerprint => _fingerprint;

    /// <summary>True when the request has a key.</summary>
    public bool IsPresent => CommandId is not null;

    /// <summary>Options of an execution with the command id and the fingerprint.</summary>
    public ExecuteOptions ToExecuteOptions() => new() { CommandId = CommandId, Fingerprint = Fingerprint };

    /// <summary>An append with the command id and the fingerprint.</summary>
    public Append ToAppend() => new() { CommandId = CommandId, Fingerprint = IsPresent ? Fingerprint : null };

    /// <summary>Compares command id and fingerprint.</summary>
    /// <param name="other">The other key.</param>
    public bool Equals(IdempotencyKey other) => CommandId == other.CommandId && Fingerprint.Span.SequenceEqual(other.Fingerprint.Span);

    /// <inheritdoc/>
    public override int GetHashCode() => CommandId?.GetHashCode(StringComparison.Ordinal) ?? 0;

    /// <summary>Called by minimal APIs: gives the key of the request.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="InvalidOperationException">The endpoint is mapped without <see cref="IdempotencyExtensions.WithIdempotencyKey"/>.</exception>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(RequestKey.Of(context));
    }
}
