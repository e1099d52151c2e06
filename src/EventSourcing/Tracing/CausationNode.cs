namespace EventSourcing;

/// <summary>An event in a <see cref="CausationTree"/>, with the events that it caused.</summary>
public sealed class CausationNode
{
    private readonly List<CausationNode> _children = [];

    internal CausationNode(EventEnvelope @event) => Event = @event;

    /// <summary>The event.</summary>
    public EventEnvelope Event { get; }

    /// <summary>The events that it caused, by position; may be empty.</summary>
    public IReadOnlyList<CausationNode> Children => _children.AsReadOnly();

    /// <summary>Pushes the events that it caused to <paramref name="waiting"/>, the last one first.</summary>
    internal void Push(Stack<(int Depth, CausationNode Node)> waiting, int depth)
    {
        for (var i = _children.Count - 1; i >= 0; i--) waiting.Push((depth, _children[i]));
    }

    internal void Add(CausationNode child) => _children.Add(child);
}
