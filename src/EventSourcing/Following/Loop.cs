namespace EventSourcing.Following;

/// <summary>A background loop that calls the user's code, and its current call.</summary>
internal sealed class Loop
{
    private volatile object? _call;

    /// <summary>The current call of the handler; null when there is none. The handler's execution context refers to it (<see cref="EventContext.Call"/>).</summary>
    internal object? Call
    {
        get => _call;
        set => _call = value;
    }
}
