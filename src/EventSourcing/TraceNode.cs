namespace EventSourcing;

/// <summary>An event in an <see cref="EventTrace"/>, with what it caused.</summary>
public sealed class TraceNode
{
    private readonly List<TraceNode> _children = [];

    internal TraceNode(EventEnvelope @event) => Event = @event;

    /// <summary>The event.</summary>
    public EventEnvelope Event { get; }

    /// <summary>The events that it caused, by position; may be empty.</summary>
    public IReadOnlyList<TraceNode> Children => _children;

    internal void Add(TraceNode child) => _children.Add(child);
}
