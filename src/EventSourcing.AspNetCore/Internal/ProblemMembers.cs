using System.Text.Json;

namespace EventSourcing.AspNetCore.Internal;

/// <summary>The members that the problem details of each exception have beside those of RFC 9457: what was expected, what was found, and where.</summary>
internal static class ProblemMembers
{
    internal static void Add(IDictionary<string, object?> members, EventSourcingException error)
    {
        foreach (var (name, value) in Of(error))
            if (value is not null) members[name] = value;
    }

    private static IEnumerable<(string Name, object? Value)> Of(EventSourcingException error) => error switch
    {
        WrongExpectedVersionException e => [.. Stream(e.StreamId), ("expected", e.Expected.ToString()), ("found", e.Actual), ("mismatches", Mismatches(e))],
        AppendConditionFailedException e => [("expected", $"no event after position {e.After} that matches {e.Query}"), ("found", e.Conflict.ToInt64()), ("after", e.After.ToInt64()), ("query", e.Query.ToString())],
        CommandIdConflictException e => [("commandId", e.CommandId), ("expected", "the content of the first request"), ("found", "other content"), ("firstPosition", e.First.LastPosition.ToInt64())],
        DuplicateEventException e => [("eventId", e.EventId.ToString()), ("expected", "an id that is not in use"), ("found", e.Position.ToInt64())],
        AppendOutcomeUnknownException e => [("expected", e.FirstPosition.ToInt64()), ("eventIds", Strings(e.EventIds.Select(id => id.ToString())))],
        InvalidEventException e => [("eventType", e.Type), ("violations", Strings(e.Violations))],
        EventTooLargeException e => [("expected", e.Limit), ("found", e.Bytes), ("unit", "bytes")],
        UnknownSchemaVersionException e => [.. Place(e), ("expected", e.Newest), ("found", e.SchemaVersion)],
        EventSerializationException e => Place(e),
        ReadOnlyEventTypeException e => [("eventType", e.Type), .. Stream(e.StreamId)],
        UpcastChainException e => [("eventType", e.Type), ("expected", e.To), ("found", e.From)],
        PositionOutOfRangeException e => [("expected", e.Head.ToInt64()), ("found", e.Position.ToInt64())],
        VersionOutOfRangeException e => [.. Stream(e.StreamId), ("expected", e.StreamVersion), ("found", e.Version)],
        ReplayException e => [("position", e.Position.ToInt64()), ("eventType", e.EventType), .. Stream(e.StreamId)],
        LogDivergedException e => [("expected", e.Token.ToString()), ("found", e.Found?.ToString()), ("head", e.Head.ToInt64())],
        StoreCorruptException e => [("what", e.What), ("where", e.Where), ("record", e.RecordKey)],
        StoreSchemaException e => [("expected", e.Supported), ("found", e.Found)],
        _ => OfReading(error),
    };

    private static IEnumerable<(string Name, object? Value)> OfReading(EventSourcingException error) => error switch
    {
        SubscriptionException e => [("subscription", e.Name), ("position", e.Position.ToInt64()), ("attempts", e.Attempts)],
        ViewException e => [("projection", e.Projection), ("position", e.Position.ToInt64()), ("eventType", e.EventType), ("key", e.Key)],
        ViewDeclarationException e => [("set", e.Set), ("version", e.Version)],
        ViewBuildingException e => [("set", e.Set), ("version", e.Version)],
        ViewChangesLostException e => [("projection", e.Projection), ("token", e.Token.ToString())],
        LeaseLostException e => [("subscription", e.Name), ("found", e.Owner.ToString()), ("fencingToken", e.FencingToken)],
        RecordConflictException e => [("kind", e.Kind.ToString()), ("key", e.Key)],
        _ => [],
    };

    private static (string, object?)[] Stream(StreamId stream) => stream == default ? [] : [("stream", stream.ToString())];

    private static (string, object?)[] Place(EventSerializationException e) =>
        [("eventType", e.Type), .. Stream(e.StreamId), ("position", e.Position == GlobalPosition.Start ? null : e.Position.ToInt64())];

    private static JsonElement Strings(IEnumerable<string> texts) => JsonSerializer.SerializeToElement([.. texts], ProblemJson.Default.StringArray);

    private static JsonElement? Mismatches(WrongExpectedVersionException e) => e.Mismatches.Count < 2 ? null
        : JsonSerializer.SerializeToElement([.. e.Mismatches.Select(m => new Mismatch(m.StreamId.ToString(), m.Expected.ToString(), m.Actual))], ProblemJson.Default.MismatchArray);
}
