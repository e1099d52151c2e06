namespace EventSourcing;

/// <summary>A scope in which something is handled; see <see cref="EventContext"/>. Disposing <c>default</c> does nothing.</summary>
public readonly record struct EventContextScope : IDisposable
{
    private static readonly object s_nothing = new();

    // What was handled around the scope; null for default.
    private readonly object? _outer;

    internal EventContextScope(object? outer) => _outer = outer ?? s_nothing;

    /// <summary>Ends the scope: what was handled around it is current again.</summary>
    public void Dispose()
    {
        if (_outer is not null) EventContext.End(_outer == s_nothing ? null : _outer);
    }
}
