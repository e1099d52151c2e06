using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Serialization;

/// <summary>One entry of a type map: the stored name of an event type, its JSON contract and the rules of its tags.</summary>
public sealed class EventType
{
    internal EventType(string name, JsonTypeInfo contract, IReadOnlyList<TagRule> tagRules) =>
        (Name, Contract, TagRules) = (name, contract, tagRules);

    /// <summary>The stored name.</summary>
    public string Name { get; }

    /// <summary>The CLR type.</summary>
    public Type ClrType => Contract.Type;

    /// <summary>The JSON contract.</summary>
    public JsonTypeInfo Contract { get; }

    /// <summary>Which JSON properties become tags; may be empty.</summary>
    public IReadOnlyList<TagRule> TagRules { get; }
}
