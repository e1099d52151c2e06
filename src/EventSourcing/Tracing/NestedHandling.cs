namespace EventSourcing.Tracing;

/// <summary>The event of a scope that a handler began, and the call of that handler.</summary>
/// <param name="handled">An <see cref="EventMetadata"/> or an <see cref="IHandled"/>.</param>
/// <param name="call">The outermost handler call.</param>
internal sealed class NestedHandling(object handled, object call)
{
    internal object Handled { get; } = handled;

    internal object Call { get; } = call;
}
