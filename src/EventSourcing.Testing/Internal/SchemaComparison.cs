using System.Text.Json.Nodes;

namespace EventSourcing.Testing.Internal;

/// <summary>Whether JSON of one schema is read as it was written by a contract of another. Compares the parts of JSON Schema that System.Text.Json exports.</summary>
internal sealed class SchemaComparison
{
    private readonly JsonNode _stored;
    private readonly JsonNode _read;
    private readonly StringComparer _names;
    private readonly List<string> _differences = [];
    private readonly HashSet<(JsonNode, JsonNode)> _compared = [];

    private SchemaComparison(JsonNode stored, JsonNode read, StringComparer names) => (_stored, _read, _names) = (stored, read, names);

    /// <summary>Each difference, with the JSON path of its place; empty where all is read.</summary>
    internal static IReadOnlyList<string> Compare(JsonNode stored, JsonNode read, StringComparer names)
    {
        var comparison = new SchemaComparison(stored, read, names);
        comparison.Compare(stored, read, "$");
        return comparison._differences;
    }

    private void Compare(JsonNode? storedNode, JsonNode? readNode, string path)
    {
        if (Resolve(readNode, _read) is not JsonObject read || read.Count == 0) return;
        if (Resolve(storedNode, _stored) is not JsonObject stored || stored.Count == 0)
        {
            _differences.Add($"{path}: any JSON may be stored, and {string.Join(" or ", TypesOf(read))} is read");
            return;
        }

        if (!_compared.Add((stored, read))) return;
        if (stored["anyOf"] is JsonArray || read["anyOf"] is JsonArray)
        {
            CompareAlternatives(stored, read, path);
            return;
        }

        if (!CompareTypes(stored, read, path)) return;
        CompareText(stored, read, path);
        if (CompareDictionaries(stored, read, path)) CompareProperties(stored, read, path);
        if (stored["items"] is { } storedItems && read["items"] is { } readItems) Compare(storedItems, readItems, $"{path}[*]");
    }

    private void CompareAlternatives(JsonObject stored, JsonObject read, string path)
    {
        var readable = Alternatives(read);
        foreach (var alternative in Alternatives(stored))
        {
            var kind = KindOf(alternative);
            if (kind is not null && readable.Any(other => KindOf(other) is not null))
            {
                if (readable.FirstOrDefault(other => KindOf(other) == kind) is { } same) Compare(alternative, same, $"{path}({kind})");
                else _differences.Add($"{path}: the kind '{kind}' is stored, and not read any more");
            }
            else if (!readable.Any(other => IsReadable(alternative, other)))
            {
                _differences.Add($"{path}: {string.Join(" or ", TypesOf(alternative))} is stored, and {string.Join(" or ", readable.SelectMany(TypesOf).Distinct())} is read");
            }
        }
    }

    private bool IsReadable(JsonNode stored, JsonNode read)
    {
        var comparison = new SchemaComparison(_stored, _read, _names);
        comparison.Compare(stored, read, "$");
        return comparison._differences.Count == 0;
    }

    private static JsonObject[] Alternatives(JsonObject schema) => schema["anyOf"] is JsonArray alternatives ? [.. alternatives.OfType<JsonObject>()] : [schema];

    // A derived type has a property of one constant value.
    private static string? KindOf(JsonObject schema) =>
        schema["properties"] is JsonObject properties ? properties.Select(property => (property.Value as JsonObject)?["const"]?.ToString()).FirstOrDefault(value => value is not null) : null;

    private bool CompareTypes(JsonObject stored, JsonObject read, string path)
    {
        var (before, now) = (TypesOf(stored), TypesOf(read));
        var lost = now.Length == 0 ? [] : before.Where(type => !now.Contains(type) && !(type == "integer" && now.Contains("number"))).ToArray();
        foreach (var type in lost)
            _differences.Add(type == "null" && before.Length > 1 ? $"{path}: null is stored, and not allowed any more" : $"{path}: {type} is stored, and {string.Join(" or ", now)} is read");
        if (before.Length == 0 && now.Length > 0) _differences.Add($"{path}: any JSON may be stored, and {string.Join(" or ", now)} is read");
        return lost.All(type => type == "null") && (before.Length > 0 || now.Length == 0);
    }

    private static string[] TypesOf(JsonObject schema) => schema["type"] switch
    {
        JsonArray types => [.. types.Select(type => (string)type!)],
        JsonValue type => [(string)type!],
        _ => schema["enum"] is JsonArray values ? [.. values.Select(value => value is null ? "null" : "string").Distinct()] : [],
    };

    private void CompareText(JsonObject stored, JsonObject read, string path)
    {
        if (read["enum"] is JsonArray allowed)
        {
            var values = allowed.Select(value => value?.ToString()).ToHashSet();
            if (stored["enum"] is not JsonArray written) _differences.Add($"{path}: any string is stored, and only {string.Join(", ", values)} are read");
            else foreach (var value in written.Select(value => value?.ToString()).Where(value => !values.Contains(value)))
                _differences.Add($"{path}: the value {value ?? "null"} is stored, and not read any more");
        }

        foreach (var part in new[] { "format", "pattern", "minLength", "maxLength" })
        {
            var (before, now) = (stored[part]?.ToString(), read[part]?.ToString());
            if (now is not null && now != before) _differences.Add($"{path}: {(before is null ? "text of any form" : $"text of the {part} {before}")} is stored, and text of the {part} {now} is read");
        }
    }

    private bool CompareDictionaries(JsonObject stored, JsonObject read, string path)
    {
        if (read["additionalProperties"] is JsonObject readValues)
        {
            if (stored["additionalProperties"] is JsonObject storedValues) Compare(storedValues, readValues, $"{path}.*");
            else if (stored["properties"] is JsonObject) _differences.Add($"{path}: an object of fixed properties is stored, and a dictionary is read");
        }
        else if (stored["additionalProperties"] is JsonObject && read["properties"] is JsonObject)
        {
            _differences.Add($"{path}: a dictionary is stored, and an object of fixed properties is read");
        }

        return stored["additionalProperties"] is not JsonObject && read["additionalProperties"] is not JsonObject;
    }

    private void CompareProperties(JsonObject stored, JsonObject read, string path)
    {
        var (before, now, names) = (stored["properties"] as JsonObject ?? [], read["properties"] as JsonObject ?? [], _names);
        var gone = ContractFile.Texts(stored[ContractFile.Removed]).ToHashSet(names);
        var lost = before.Select(property => property.Key).Where(name => !now.Any(p => names.Equals(p.Key, name))).ToArray();
        var added = now.Select(property => property.Key).Where(name => !before.Any(p => names.Equals(p.Key, name))).ToArray();
        var required = ContractFile.Texts(stored["required"]).ToHashSet(names);
        foreach (var name in ContractFile.Texts(read["required"]).Where(name => !required.Contains(name)))
            _differences.Add($"{path}.{name}: not every stored event has it, and it is required to be read. Give it a default");
        if (read["additionalProperties"] is JsonValue closed && !(bool)closed)
            foreach (var name in lost) _differences.Add($"{path}.{name}: it is stored, and unknown properties are not allowed");
        var justLost = lost.Where(name => !gone.Contains(name)).ToArray();
        if (justLost.Length > 0 && added.Length > 0)
            _differences.Add($"{path}: {List(justLost)} {(justLost.Length == 1 ? "is" : "are")} stored and not read any more, while {List(added)} {(added.Length == 1 ? "is" : "are")} new: a property that was renamed would be lost. Where it is no renaming, remove first, run this test, then add");
        foreach (var (name, schema) in before)
            if (now.FirstOrDefault(p => names.Equals(p.Key, name)) is { Key: not null } same) Compare(schema, same.Value, $"{path}.{name}");
    }

    private static string List(string[] names) => string.Join(", ", names.Select(name => $"'{name}'"));

    // The exporter refers to a part that it has written already: "#/properties/left".
    private static JsonNode? Resolve(JsonNode? node, JsonNode root)
    {
        for (var hops = 0; node is JsonObject schema && schema["$ref"] is JsonValue reference && hops < 64; hops++)
        {
            node = root;
            foreach (var part in ((string)reference!).TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
                node = node is JsonArray array ? array[int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)] : (node as JsonObject)?[name];
            }
        }

        return node;
    }
}
