namespace EventSourcing;

/// <summary>An event in an <see cref="CausationTree"/>, with what it caused.</summary>
public sealed class CausationNode
{
    private readonly List<CausationNode> _children = [];

    internal CausationNode(EventEnvelope @event) => Event = @event;

    /// <summary>The event.</summary>
    public EventEnvelope Event { get; }

    /// <summary>The events that it caused, by position; may be empty.</summary>
    public IReadOnlyList<CausationNode> Children => _children;

    internal void Add(CausationNode child) => _children.Add(child);
}
