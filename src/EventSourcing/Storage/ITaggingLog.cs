namespace EventSourcing.Storage;

/// <summary>A log that adds tags itself to events that are appended with SQL, without the store.</summary>
/// <remarks>Optional for a log. A store passes the rules of its type map when it is created; events that are appended through the store already have their tags.</remarks>
public interface ITaggingLog
{
    /// <summary>Adds the types and their tag rules to those that the log knows. A rule that the log has is kept, also when the given type has none: another process may need it. The rules are only kept in memory; the first write of the process stores them, or the first finalization of events appended in SQL. Until then an event that is appended in SQL is checked against what the log had.</summary>
    /// <param name="types">Types of a map.</param>
    void UseTagRules(IReadOnlyCollection<EventType> types);
}
