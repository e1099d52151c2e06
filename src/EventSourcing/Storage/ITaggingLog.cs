namespace EventSourcing.Storage;

/// <summary>A log that gives tags to events itself: to those that are appended past the store, in SQL.</summary>
/// <remarks>Optional for a log. A store hands over the rules of its type map when it is made; an event appended through the store has its tags already.</remarks>
public interface ITaggingLog
{
    /// <summary>Adds the types and their tag rules to those that the log knows. A rule that the log has stays, also where a type has none: another process may need it. Only remembers them: they are stored by the first write of the process, or the first finalization of events appended in SQL. Until then an event that is appended in SQL is checked against what the log had.</summary>
    /// <param name="types">Types of a map.</param>
    void UseTagRules(IReadOnlyCollection<EventType> types);
}
