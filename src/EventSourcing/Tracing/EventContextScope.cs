namespace EventSourcing;

/// <summary>A scope of <see cref="EventContext"/>. Disposing <c>default</c> does nothing.</summary>
public readonly record struct EventContextScope : IDisposable
{
    private static readonly object s_nothing = new();

    // The outer context; null for default.
    private readonly object? _outer;

    internal EventContextScope(object? outer) => _outer = outer ?? s_nothing;

    /// <summary>Ends the scope: the outer context is current again.</summary>
    public void Dispose()
    {
        if (_outer is not null) EventContext.End(_outer == s_nothing ? null : _outer);
    }
}
