namespace EventSourcing;

/// <summary>The events of one operation as a tree.</summary>
public sealed class CausationTree
{
    internal CausationTree(string id, IReadOnlyList<CausationNode> roots, int count, bool isComplete) => (Id, Roots, Count, IsComplete) = (id, [.. roots], count, isComplete);

    /// <summary>The id of the call.</summary>
    public string Id { get; }

    /// <summary>Events whose cause is no event of the operation, by position; empty when the id is unknown.</summary>
    public IReadOnlyList<CausationNode> Roots { get; }

    /// <summary>The number of events.</summary>
    public int Count { get; }

    /// <summary>False when the operation has more events than the maximum of the call.</summary>
    public bool IsComplete { get; }

    /// <summary>Every event with its depth, each after its cause: the order in which a tree is printed.</summary>
    public IEnumerable<(int Depth, EventEnvelope Event)> Flatten()
    {
        // An explicit stack: a chain of events may be longer than the call stack allows.
        var waiting = new Stack<(int Depth, CausationNode Node)>(Roots.Reverse().Select(root => (0, root)));
        while (waiting.TryPop(out var next))
        {
            yield return (next.Depth, next.Node.Event);
            next.Node.Push(waiting, next.Depth + 1);
        }
    }
}
