using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Serialization;

/// <summary>One step from an older schema number of an event type. One of <see cref="Json"/>, <see cref="One"/> and <see cref="Many"/> is set.</summary>
/// <param name="From">The number that the step reads.</param>
internal sealed record Upcaster(int From)
{
    /// <summary>JSON of the number to JSON of the next number.</summary>
    internal Func<JsonObject, JsonObject>? Json { get; init; }

    /// <summary>The CLR type that the step gets; null for a <see cref="JsonObject"/>.</summary>
    internal Type? OldType { get; init; }

    /// <summary>The JSON contract of <see cref="OldType"/>, where the entry gave one.</summary>
    internal JsonTypeInfo? OldContract { get; init; }

    /// <summary>The older event to the event of the entry's type.</summary>
    internal Func<object, object>? One { get; init; }

    /// <summary>The older event to none, one or several of <see cref="Into"/>.</summary>
    internal Func<object, IEnumerable<object>>? Many { get; init; }

    /// <summary>The types that <see cref="Many"/> gives.</summary>
    internal IReadOnlyList<Type> Into { get; init; } = [];

    /// <summary>Where the step leads, for messages.</summary>
    internal string Target(int current) => Json is not null ? $"{From + 1}" : One is not null ? $"{current}" : Into.Count == 0 ? "no event" : string.Join(", ", Into.Select(ContractCheck.NameOf));
}
