using System.Text;
using System.Text.Json;
using EventSourcing.Serialization;

namespace EventSourcing.Storage;

/// <summary>Applies tag rules to an event's JSON. For stores and logs; the event's type is not needed.</summary>
public static class TagReader
{
    private const int MaxRules = 64;

    // The contract's options limit the depth.
    private static readonly JsonReaderOptions s_anyDepth = new() { MaxDepth = int.MaxValue };

    /// <summary>Adds the tags that rules select from an event, each once, in the order of its properties. If a property occurs more than once, the last one counts.</summary>
    /// <param name="type">The event's stored type name, for messages.</param>
    /// <param name="rules">The rules of the type.</param>
    /// <param name="json">The event in UTF-8; when it is no object it has no tags.</param>
    /// <param name="tags">Where the tags go.</param>
    /// <exception cref="InvalidEventException">A property's value cannot be a tag.</exception>
    /// <exception cref="JsonException">The JSON is not readable.</exception>
    public static void Read(string type, IReadOnlyList<TagRule> rules, ReadOnlySpan<byte> json, List<Tag> tags)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(tags);
        var before = tags.Count;
        if (TryRead(type, rules, json, tags, last: null)) return;
        tags.RemoveRange(before, tags.Count - before);
        TryRead(type, rules, json, tags, LastOf(rules, json));
    }

    // With the number of each rule's last property, earlier ones are skipped. Without it, the result is false when a rule's property occurs twice.
    private static bool TryRead(string type, IReadOnlyList<TagRule> rules, ReadOnlySpan<byte> json, List<Tag> tags, int[]? last)
    {
        var reader = new Utf8JsonReader(json, s_anyDepth);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return true;
        if (last is null && rules.Count > MaxRules) return false;
        var distinct = new DistinctTags();
        var seen = 0UL;
        for (var property = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; property++)
        {
            var start = reader;
            reader.Read();
            for (var i = 0; i < rules.Count; i++)
            {
                if (!IsNamed(start, rules[i])) continue;
                if (last is null && (seen & (1UL << i)) != 0) return false;
                if (last is null || last[i] == property)
                {
                    var value = reader;
                    ReadValue(type, rules[i], ref value, tags, ref distinct);
                }

                if (last is null) seen |= 1UL << i;
            }

            reader.Skip();
        }

        return true;
    }

    private static int[] LastOf(IReadOnlyList<TagRule> rules, ReadOnlySpan<byte> json)
    {
        var last = new int[rules.Count];
        var reader = new Utf8JsonReader(json, s_anyDepth);
        reader.Read();
        for (var property = 0; reader.Read() && reader.TokenType == JsonTokenType.PropertyName; property++)
        {
            for (var i = 0; i < rules.Count; i++)
                if (IsNamed(reader, rules[i])) last[i] = property;
            reader.Read();
            reader.Skip();
        }

        return last;
    }

    private static bool IsNamed(in Utf8JsonReader name, TagRule rule)
    {
        if (name.ValueTextEquals(rule.Property)) return true;
        if (!rule.IgnoresCase) return false;
        return !name.ValueIsEscaped && Ascii.IsValid(name.ValueSpan)
            ? Ascii.EqualsIgnoreCase(name.ValueSpan, rule.Property)
            : string.Equals(name.GetString(), rule.Property, StringComparison.OrdinalIgnoreCase);
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

    private static InvalidEventException Invalid(string type, TagRule rule, string reason) =>
        new(type, [$"property '{rule.Property}' cannot be the tag '{rule.Tag}': {reason}"]);
}
