using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing.AspNetCore;

/// <summary>The position that a read of a view is to include, from the header <c>Read-After</c>. A parameter of a minimal API's handler. <c>default</c>: the request has none.</summary>
/// <remarks>
/// A write answers with its position in the header <c>Log-Position</c> (<see cref="ReadAfterExtensions.SetPosition"/>), and the client sends it with its next reads: it reads its own write.
/// A header that is no position is answered with 400, and a position beyond the head of the store without a key with 410: a read of it would wait until the request is cancelled. Where the container has only stores with keys, the
/// position is not compared.
/// </remarks>
public readonly record struct ReadAfter
{
    internal const string Header = "Read-After";

    internal ReadAfter(GlobalPosition position) => Position = position;

    /// <summary>The position; <see cref="GlobalPosition.Start"/> where the request has none.</summary>
    public GlobalPosition Position { get; }

    /// <summary>Called by minimal APIs: reads the header.</summary>
    /// <param name="context">The request.</param>
    /// <exception cref="BadHttpRequestException">Status 400: the header is no position.</exception>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    public static async ValueTask<ReadAfter> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var text = context.Request.Headers[Header].ToString();
        if (text.Length == 0) return default;
        if (!GlobalPosition.TryParse(text, null, out var position))
            throw new BadHttpRequestException($"{Header} is '{text}'. Send the header {ReadAfterExtensions.Header} of an answer, unchanged.");
        if (context.RequestServices.GetService<IEventStore>() is { } store)
        {
            var head = await store.GetHeadAsync(context.RequestAborted).ConfigureAwait(false);
            if (position > head) throw new PositionOutOfRangeException(position, head);
        }

        return new(position);
    }
}
