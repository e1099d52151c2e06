namespace EventSourcing;

/// <summary>The object form of a decision: methods raise events, <see cref="Apply"/> folds them. Loaded and saved by an <see cref="AggregateRepository{TAggregate}"/>. Not thread-safe.</summary>
public abstract class Aggregate
{
    private readonly List<object> _raised = [];

    /// <summary>The version of the last stored event that this object knows; 0 where there is none. Raised events count once they are saved.</summary>
    public long Version { get; private set; }

    /// <summary>Events raised since the object was loaded or saved, in order.</summary>
    public IReadOnlyList<object> Raised => _raised;

    /// <summary>States a new fact: it is applied at once and stored with the next save.</summary>
    /// <param name="event">The event.</param>
    protected void Raise(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        Apply(@event is EventData said ? said.Data : @event);
        _raised.Add(@event);
    }

    /// <summary>Takes in an event, raised or stored. Never refuses: an event is history. Events it does not care for change nothing.</summary>
    /// <param name="event">The event.</param>
    protected abstract void Apply(object @event);

    internal void Replay(object @event) => Apply(@event);

    /// <summary>Nothing is raised, and everything through this version is known.</summary>
    internal void MarkStored(long version)
    {
        Version = version;
        _raised.Clear();
    }
}
