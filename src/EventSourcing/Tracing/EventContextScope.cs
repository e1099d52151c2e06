namespace EventSourcing;

/// <summary>The time during which something is handled; see <see cref="EventContext"/>. <c>default</c> ends every handling.</summary>
public readonly record struct EventContextScope : IDisposable
{
    private readonly object? _outer;

    internal EventContextScope(object? outer) => _outer = outer;

    /// <summary>Ends it: what was handled around it is current again.</summary>
    public void Dispose() => EventContext.End(_outer);
}
