using System.Text;
using System.Text.Json;

namespace EventSourcing.Serialization;

/// <summary>Applies tag rules to an event's JSON. For stores and logs; the event's type is not needed.</summary>
public static class TagReader
{
    /// <summary>Adds the tags that rules draw from an event, each once, in the order of its properties.</summary>
    /// <param name="type">The event's stored type name, for messages.</param>
    /// <param name="rules">The rules of the type.</param>
    /// <param name="json">The event in UTF-8; when it is no object it has no tags.</param>
    /// <param name="tags">Where the tags go.</param>
    /// <exception cref="EventInvalidException">A property's value cannot be a tag.</exception>
    /// <exception cref="JsonException">The JSON is not readable.</exception>
    public static void Read(string type, IReadOnlyList<TagRule> rules, ReadOnlySpan<byte> json, List<Tag> tags)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(tags);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });      // how deep is the contract's to say
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;
        var distinct = new DistinctTags();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = reader;
            reader.Read();
            foreach (var rule in rules)
            {
                if (!start.ValueTextEquals(rule.Property)) continue;
                var value = reader;
                ReadValue(type, rule, ref value, tags, ref distinct);
            }

            reader.Skip();
        }
    }

    private static void ReadValue(string type, TagRule rule, ref Utf8JsonReader value, List<Tag> tags, ref DistinctTags distinct)
    {
        if (value.TokenType != JsonTokenType.StartArray)
        {
            Add(type, rule, ref value, tags, ref distinct);
            return;
        }

        while (value.Read() && value.TokenType != JsonTokenType.EndArray) Add(type, rule, ref value, tags, ref distinct);
    }

    private static void Add(string type, TagRule rule, ref Utf8JsonReader value, List<Tag> tags, ref DistinctTags distinct)
    {
        if (value.TokenType == JsonTokenType.Null) return;
        var text = value.TokenType switch
        {
            JsonTokenType.String => value.GetString()!,
            JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False => Encoding.UTF8.GetString(value.ValueSpan),
            _ => throw Invalid(type, rule, $"it is {value.TokenType}, not text, number or boolean"),
        };
        try
        {
            distinct.TryAdd(tags, new Tag(rule.Tag, text));
        }
        catch (ArgumentException e)
        {
            throw Invalid(type, rule, e.Message);
        }
    }

    private static EventInvalidException Invalid(string type, TagRule rule, string reason) =>
        new(type, [$"property '{rule.Property}' cannot be the tag '{rule.Tag}': {reason}"]);
}
