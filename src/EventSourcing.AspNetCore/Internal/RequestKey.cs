using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>Reads the key of a request, and computes the fingerprint of the request.</summary>
internal static class RequestKey
{
    internal const string Header = "Idempotency-Key";
    private const int MaxLength = 255;
    private const int MaxCommandIdBytes = 512;

    private static readonly object s_key = new();

    internal static IdempotencyKey Of(HttpContext context) => context.Items.TryGetValue(s_key, out var key) ? (IdempotencyKey)key!
        : throw new InvalidOperationException($"The endpoint '{context.GetEndpoint()?.DisplayName}' has a parameter of type {nameof(IdempotencyKey)}. Map it with .{nameof(IdempotencyExtensions.WithIdempotencyKey)}().");

    /// <summary>Keeps the key with the request, and the body in memory; returns the problem where there is one.</summary>
    internal static async ValueTask<ProblemDetails?> ReadAsync(HttpContext context, IdempotencyOptions options)
    {
        var header = context.Request.Headers[Header];
        if (header.Count == 0)
        {
            if (options.IsRequired) return Problem("idempotency-key-missing", "The request needs a key.", $"Send the header {Header}: one of your own for each request, the same one for each repeat.");
            context.Items[s_key] = default(IdempotencyKey);
            return null;
        }

        if (header.Count > 1 || !TryParse(header.ToString(), out var key))
            return Problem("idempotency-key-malformed", "The key cannot be read.", $"Send one {Header} of 1 to {MaxLength} printable ASCII characters, such as \"8e03978e-40d5-43dd-bc93-6894a57f9324\".");
        if (await TryReadBodyAsync(context, options.MaxBodyBytes).ConfigureAwait(false) is not { } body)
            return Problems.Of(StatusCodes.Status413PayloadTooLarge, "body-too-large", "The body is too large.", $"A body has {options.MaxBodyBytes.ToString("N0", CultureInfo.InvariantCulture)} bytes at most.");
        context.Request.Body = new MemoryStream(body, writable: false);
        context.Items[s_key] = new IdempotencyKey(key, CommandIdOf(options.Scope(context), key), FingerprintOf(context.Request, body));
        return null;
    }

    /// <summary>Reads a string of RFC 9651, section 4.2.5, or the same characters without quotes.</summary>
    internal static bool TryParse(string header, out string key)
    {
        key = header.Trim();
        if (key is ['"', ..])
        {
            if (Unquoted(key) is not { } inner) return false;
            key = inner;
        }
        else if (key.AsSpan().ContainsAny('"', ','))
        {
            return false;
        }

        return key.Length is >= 1 and <= MaxLength && !key.AsSpan().ContainsAnyExceptInRange(' ', '~');
    }

    private static string? Unquoted(string text)
    {
        var inner = new StringBuilder(text.Length);
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '"') return i == text.Length - 1 ? inner.ToString() : null;
            if (text[i] == '\\' && (++i == text.Length || text[i] is not ('"' or '\\'))) return null;
            inner.Append(text[i]);
        }

        return null;
    }

    private static string CommandIdOf(string scope, string key)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"http:{scope.Length}:{scope}{key}");
        return Encoding.UTF8.GetByteCount(id) <= MaxCommandIdBytes ? id : $"http:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))}";
    }

    private static byte[] FingerprintOf(HttpRequest request, byte[] body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        // A line each: none of them can have a line break.
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method}\n{request.PathBase.ToUriComponent()}{request.Path.ToUriComponent()}\n{request.QueryString.ToUriComponent()}\n{request.ContentType}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    /// <summary>The whole body; null when it has more bytes than allowed.</summary>
    private static async ValueTask<byte[]?> TryReadBodyAsync(HttpContext context, int max)
    {
        if (context.Request.ContentLength > max) return null;
        using var body = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            for (int read; (read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted).ConfigureAwait(false)) > 0;)
            {
                if (body.Length + read > max) return null;
                body.Write(buffer, 0, read);
            }

            return body.ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ProblemDetails Problem(string name, string title, string detail) => Problems.Of(StatusCodes.Status400BadRequest, name, title, detail);
}
