using System.Text.Json.Serialization.Metadata;
using EventSourcing.Serialization;

namespace EventSourcing;

/// <summary>One entry of a type map: the stored names of an event type, its schema number, its JSON contract, the rules of its tags and its serializer.</summary>
public sealed class EventType
{
    internal EventType(EventTypeEntry entry, IReadOnlyList<IEventSerializer> serializers)
    {
        (Name, Aliases, ClrType, Contract, TagRules, SchemaVersion) = (entry.Name, entry.Aliases, entry.ClrType, entry.Contract, entry.TagRules, entry.SchemaVersion);
        Forms = new(entry.Serializer, serializers);
        Convert = entry.Convert;
    }

    /// <summary>The name under which events of the type are stored.</summary>
    public string Name { get; }

    /// <summary>Further names that are read as the type and never written; may be empty.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>The schema number that is stored with events of the type, 1 or more.</summary>
    public int SchemaVersion { get; }

    /// <summary>The CLR type.</summary>
    public Type ClrType { get; }

    /// <summary>The JSON contract; null for a type that a serializer of another form writes and that is not in the map's context.</summary>
    public JsonTypeInfo? Contract { get; }

    /// <summary>Which JSON properties become tags; may be empty.</summary>
    public IReadOnlyList<TagRule> TagRules { get; }

    /// <summary>Writes the events of the type.</summary>
    public IEventSerializer Serializer => Forms.Writer;

    /// <summary>Every name that is read as the type.</summary>
    internal IEnumerable<string> Names => Aliases.Prepend(Name);

    internal StoredForms Forms { get; }

    /// <summary>What a stored event of the type reads as, when not as the one event that was stored; null for most types.</summary>
    internal Func<object, IReadOnlyList<object>>? Convert { get; }
}
