using EventSourcing.Serialization;

namespace EventSourcing.Storage;

/// <summary>A log that gives tags to events itself: to those that are appended past the store, in SQL.</summary>
/// <remarks>Optional for a log. A store hands over the rules of its type map when it is made; an event appended through the store has its tags already.</remarks>
public interface ITaggingLog
{
    /// <summary>Keeps the types' tag rules with the log, in place of what was kept for these types. Blocks until they are stored; stores nothing when they are there.</summary>
    /// <param name="types">Types of a map; those without rules are to have none.</param>
    /// <exception cref="StoreUnavailableException">The log could not be written just now.</exception>
    void UseTagRules(IReadOnlyCollection<EventType> types);
}
