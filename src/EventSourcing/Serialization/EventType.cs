using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Serialization;

/// <summary>One entry of a type map: the stored names of an event type, its JSON contract and the rules of its tags.</summary>
public sealed class EventType
{
    internal EventType(string name, JsonTypeInfo contract, IReadOnlyList<TagRule> tagRules, IReadOnlyList<string> aliases) =>
        (Name, Contract, TagRules, Aliases) = (name, contract, tagRules, aliases);

    /// <summary>The name under which events of the type are stored.</summary>
    public string Name { get; }

    /// <summary>Further names under which others store events of the type, or under which they were stored once; may be empty.</summary>
    public IReadOnlyList<string> Aliases { get; }

    /// <summary>Every name that is read as the type.</summary>
    internal IEnumerable<string> Names => Aliases.Prepend(Name);

    /// <summary>The CLR type.</summary>
    public Type ClrType => Contract.Type;

    /// <summary>The JSON contract.</summary>
    public JsonTypeInfo Contract { get; }

    /// <summary>Which JSON properties become tags; may be empty.</summary>
    public IReadOnlyList<TagRule> TagRules { get; }
}
