namespace EventSourcing;

/// <summary>A commit was sent, and whether it was stored could not be determined.</summary>
/// <remarks>Append the same events with the same ids again. If they are stored, the call returns their positions; otherwise it stores them.</remarks>
public sealed class AppendOutcomeUnknownException : EventSourcingException
{
    /// <summary>Reports what an append intended.</summary>
    /// <param name="eventIds">The ids of the events, in order.</param>
    /// <param name="firstPosition">The position that the first event was to have.</param>
    /// <param name="innerException">The error at commit.</param>
    public AppendOutcomeUnknownException(IReadOnlyList<Guid> eventIds, GlobalPosition firstPosition, Exception? innerException = null)
        : base($"The outcome of an append of {(eventIds ?? throw new ArgumentNullException(nameof(eventIds))).Count} events from position {firstPosition} is unknown: they may be stored or not. Append them again with the same ids.", innerException) =>
        (EventIds, FirstPosition) = ([.. eventIds], firstPosition);

    /// <summary>The ids of the events, in order.</summary>
    public IReadOnlyList<Guid> EventIds { get; }

    /// <summary>The position that the first event was to have; the others follow it.</summary>
    public GlobalPosition FirstPosition { get; }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
