namespace EventSourcing.Following;

/// <summary>A background loop that calls code of the user's, and which call is under way.</summary>
internal sealed class Loop
{
    private volatile object? _call;

    /// <summary>The handler's call that is under way; null when there is none. It is found again in the flow of control of the handler (<see cref="EventContext.Call"/>).</summary>
    internal object? Call
    {
        get => _call;
        set => _call = value;
    }
}
