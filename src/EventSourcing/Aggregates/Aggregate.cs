namespace EventSourcing;

/// <summary>The object form of a decision: methods raise events, and <see cref="Apply"/> folds them. Loaded and saved by an <see cref="AggregateRepository{TAggregate}"/>. Not thread-safe.</summary>
public abstract class Aggregate
{
    private readonly List<object> _raised = [];

    /// <summary>The version of the last stored event that was applied; 0 where there is none. Raised events count once they are saved.</summary>
    public long Version { get; private set; }

    /// <summary>Events raised since the object was loaded or saved, in order.</summary>
    public IReadOnlyList<object> Raised => _raised.AsReadOnly();

    /// <summary><see cref="Raised"/> without an allocation.</summary>
    internal List<object> RaisedEvents => _raised;

    /// <summary>Records a new event: it is applied at once and stored with the next save.</summary>
    /// <param name="event">The event, or an <see cref="EventData"/> of it.</param>
    /// <exception cref="ArgumentException">It is a sequence of events or a task.</exception>
    protected void Raise(object @event)
    {
        ArgumentNullException.ThrowIfNull(@event);
        var data = EventData.DataOf(@event);
        if (EventData.WhyNotOneEvent(data) is { } reason) throw new ArgumentException($"{data.GetType()} is not an event: {reason}.", nameof(@event));
        Apply(data);
        _raised.Add(@event);
    }

    /// <summary>Applies an event, raised or stored. Never refuses: an event is history. Events that do not concern the aggregate change nothing.</summary>
    /// <param name="event">The event.</param>
    protected abstract void Apply(object @event);

    internal void Replay(object @event) => Apply(@event);

    /// <summary>Sets the version and clears the raised events.</summary>
    internal void MarkStored(long version)
    {
        Version = version;
        _raised.Clear();
    }
}
