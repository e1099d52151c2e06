using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EventSourcing.Testing.Internal;

/// <summary>The file of an event contract: a catalogue that also keeps what earlier versions of the program wrote.</summary>
internal static class ContractFile
{
    /// <summary>The properties of an object schema that the newest program does not have any more: stored events may still have them.</summary>
    internal const string Removed = "x-removed";

    internal static JsonObject Read(string file)
    {
        try
        {
            if (JsonNode.Parse(File.ReadAllText(file)) is JsonObject known && (int?)known["format"] == 1 && known["types"] is JsonArray) return known;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new EventContractException($"'{file}' is not a contract file: {e.Message}", []);
        }

        throw new EventContractException($"'{file}' is not a contract file of format 1.", []);
    }

    internal static string TextOf(JsonObject catalog)
    {
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) catalog.WriteTo(writer);
        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    /// <summary>The catalogue, with the schemas of older versions, the content types and the removed properties that the file knows.</summary>
    internal static JsonObject Merge(JsonObject known, JsonObject catalog)
    {
        var merged = (JsonObject)catalog.DeepClone();
        foreach (var older in Types(known))
        {
            if (Find(merged, (string)older["name"]!) is not { } type) continue;
            var written = (JsonArray)type["writtenAs"]!;
            foreach (var form in Texts(older["writtenAs"]).Except(Texts(written)).ToList()) written.Add((JsonNode)form);
            foreach (var version in Versions(older))
            {
                if (version["schema"] is not { } schema) continue;
                if (Versions(type).FirstOrDefault(v => (int)v["schemaVersion"]! == (int)version["schemaVersion"]!) is not { } now) continue;
                if (now["schema"] is { } current) Keep(schema, current, NamesOf(type));
                else now["schema"] = schema.DeepClone();
            }
        }

        return merged;
    }

    internal static IEnumerable<JsonObject> Types(JsonObject catalog) => ((JsonArray)catalog["types"]!).OfType<JsonObject>();

    internal static IEnumerable<JsonObject> Versions(JsonObject type) => ((JsonArray)type["versions"]!).OfType<JsonObject>();

    internal static IEnumerable<string> Texts(JsonNode? array) => array is JsonArray values ? values.Select(value => (string)value!) : [];

    /// <summary>How the names of a type's properties are compared.</summary>
    internal static StringComparer NamesOf(JsonObject type) => (bool?)type["ignoresCase"] ?? false ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The type that reads events of a stored name; null for none.</summary>
    internal static JsonObject? Find(JsonObject catalog, string name) => Types(catalog).FirstOrDefault(type => (string)type["name"]! == name) ?? Types(catalog).FirstOrDefault(type => Texts(type["aliases"]).Contains(name));

    // A property that was removed stays known: it must not come back with another type.
    private static void Keep(JsonNode known, JsonNode current, StringComparer names)
    {
        if (known is not JsonObject older || current is not JsonObject now) return;
        if (older["properties"] is JsonObject properties && now["properties"] is JsonObject present)
        {
            var removed = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var (name, schema) in properties)
            {
                if (present.FirstOrDefault(property => names.Equals(property.Key, name)) is { Key: { } same })
                {
                    if (schema is not null && present[same] is { } kept) Keep(schema, kept, names);
                    continue;
                }

                removed.Add(name);
                present[name] = schema?.DeepClone();
            }

            if (removed.Count > 0) now[Removed] = new JsonArray([.. removed.Select(name => (JsonNode)name)]);
        }

        if (now["required"] is JsonArray still)
        {
            var both = Texts(still).Intersect(Texts(older["required"]), names).ToList();
            if (both.Count == 0) now.Remove("required");
            else now["required"] = new JsonArray([.. both.Select(name => (JsonNode)name)]);
        }

        foreach (var part in new[] { "items", "additionalProperties" })
            if (older[part] is { } before && now[part] is { } after) Keep(before, after, names);
    }
}
