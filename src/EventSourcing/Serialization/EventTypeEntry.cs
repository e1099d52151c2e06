using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Serialization;

/// <summary>The data of an event type while the map is built.</summary>
internal sealed record EventTypeEntry(string Name, Type ClrType)
{
    internal JsonTypeInfo? Contract { get; init; }

    internal IReadOnlyList<(string Tag, string Property)> Tags { get; init; } = [];

    internal IReadOnlyList<TagRule> TagRules { get; init; } = [];

    internal IReadOnlyList<string> Aliases { get; init; } = [];

    internal IEventSerializer? Serializer { get; init; }

    internal int SchemaVersion { get; init; } = 1;

    internal IReadOnlyList<Upcaster> Upcasters { get; init; } = [];

    internal Upcaster? UpcastTo { get; init; }

    internal IReadOnlyList<Constraint> Constraints { get; init; } = [];

    internal bool IsReadOnly { get; init; }

    internal IEnumerable<string> Names => Aliases.Prepend(Name);
}
