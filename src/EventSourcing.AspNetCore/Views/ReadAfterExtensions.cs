using Microsoft.AspNetCore.Http;

namespace EventSourcing.AspNetCore;

/// <summary>Reads of views that include a client's own writes.</summary>
public static class ReadAfterExtensions
{
    internal const string Header = "Log-Position";

    /// <summary>The same view, read only once it has handled everything up to the position that the request names.</summary>
    /// <typeparam name="TRow">The document.</typeparam>
    /// <param name="view">The view.</param>
    /// <param name="after">The position, a parameter of the handler.</param>
    public static IView<TRow> At<TRow>(this IView<TRow> view, ReadAfter after) where TRow : class
    {
        ArgumentNullException.ThrowIfNull(view);
        return after.Position == GlobalPosition.Start ? view : view.At(after.Position);
    }

    /// <summary>Sets the header <c>Log-Position</c> to the position of what was stored, for the client to send in <c>Read-After</c>.</summary>
    /// <param name="response">The answer, whose headers are not sent yet.</param>
    /// <param name="position">The position, such as <see cref="AppendResult.LastPosition"/>.</param>
    public static void SetPosition(this HttpResponse response, GlobalPosition position)
    {
        ArgumentNullException.ThrowIfNull(response);
        response.Headers[Header] = position.ToString();
    }
}
