namespace EventSourcing;

/// <summary>The time during which something is handled; see <see cref="Handling"/>. <c>default</c> ends every handling.</summary>
public readonly record struct HandlingScope : IDisposable
{
    private readonly object? _outer;

    internal HandlingScope(object? outer) => _outer = outer;

    /// <summary>Ends it: what was handled around it is current again.</summary>
    public void Dispose() => Handling.End(_outer);
}
