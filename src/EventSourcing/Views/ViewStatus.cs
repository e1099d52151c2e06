namespace EventSourcing;

/// <summary>The status of a view set, as this process sees it.</summary>
public sealed record ViewStatus
{
    /// <summary>The set's name.</summary>
    public required string Set { get; init; }

    /// <summary>The set's version.</summary>
    public required int Version { get; init; }

    /// <summary>The mode in which it is declared here; <see cref="ViewMode.Async"/> for a version that is not.</summary>
    public ViewMode Mode { get; init; }

    /// <summary>Its state in this process; null where it was not started here, or the version is not declared here.</summary>
    public SubscriptionState? State { get; init; }

    /// <summary>Why it is paused or faulted in this process, a <see cref="ViewException"/> or what contains one where a handler failed; null when it is not, and when a call has paused it.</summary>
    public Exception? StateCause { get; init; }

    /// <summary>False for a version that another program declares, or that no program declares any more: it is read by no one here, and can be removed (<see cref="EventViews.RemoveAsync"/>).</summary>
    public bool IsDeclared { get; init; }

    /// <summary>The number of the serving build; 0 while there is none.</summary>
    public long Build { get; init; }

    /// <summary>The position up to which the serving build has handled events; the start of the log while there is none, where it cannot be read, and for a version that is not declared here.</summary>
    public GlobalPosition Position { get; init; }

    /// <summary>The position of the log's last event.</summary>
    public required GlobalPosition Head { get; init; }

    /// <summary>How many positions lie between <see cref="Position"/> and <see cref="Head"/>; events that it does not ask for count too. Says nothing where the position is not known: a version that is not declared here has the whole log.</summary>
    public long Lag => Math.Max(0, Head.ToInt64() - Position.ToInt64());

    /// <summary>How long the next event that is not in the view has been stored, by this process's clock; zero where the view is at the head, null where that is not known.</summary>
    public TimeSpan? LagTime { get; init; }

    /// <summary>Events handled per second in this process, over the last 5 to 10 seconds of activity.</summary>
    public double Rate { get; init; }

    /// <summary>How far the first build of the version is, while it is built by this process; else null.</summary>
    public ViewProgress? Building { get; init; }

    /// <summary>Why the view does not advance, in this process or, as its place says, in another; null when it does.</summary>
    public string? Stall { get; init; }

    /// <summary>The last failure in this process since it started; null when there was none.</summary>
    public Exception? LastError { get; init; }

    /// <summary>The size of the place in bytes, or null where there is no file.</summary>
    public long? Bytes { get; init; }

    /// <summary>The file of the serving build; null where there is none.</summary>
    public string? Path { get; init; }

    /// <summary>When a process last declared the version.</summary>
    public DateTimeOffset? HeldAt { get; init; }
}
