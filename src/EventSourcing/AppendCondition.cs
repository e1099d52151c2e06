using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A dynamic consistency boundary: the append is refused when an event after a position matches a query.</summary>
/// <remarks>
/// The append's own events never trip it. The words of the DCB specification (dcb.events/specification).
/// A query item that names neither a tag nor a stream may be answered by a look at every event after <see cref="After"/>, during which other
/// appends wait: such a condition needs a recent head, or a tag.
/// </remarks>
public sealed class AppendCondition
{
    /// <summary>A condition.</summary>
    /// <param name="failIfEventsMatch">The events that must not exist after <paramref name="after"/>.</param>
    /// <param name="after">Events at or before this position are ignored: the head that the decision was made on. <see cref="GlobalPosition.Start"/>: any match fails.</param>
    public AppendCondition(LogQuery failIfEventsMatch, GlobalPosition after = default)
    {
        ArgumentNullException.ThrowIfNull(failIfEventsMatch);
        (FailIfEventsMatch, After) = (failIfEventsMatch, after);
    }

    /// <summary>The events that must not exist after <see cref="After"/>.</summary>
    public LogQuery FailIfEventsMatch { get; }

    /// <summary>Events at or before this position are ignored.</summary>
    public GlobalPosition After { get; }
}
