namespace EventSourcing.Tracing;

/// <summary>What a handler says that it handles, and the call of the handler in which it says so.</summary>
/// <param name="handled">An <see cref="EventMetadata"/> or an <see cref="IHandled"/>.</param>
/// <param name="call">The outermost.</param>
internal sealed class NestedHandling(object handled, object call)
{
    internal object Handled { get; } = handled;

    internal object Call { get; } = call;
}
