using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Serialization;

/// <summary>Writes down what a type map reads and writes.</summary>
internal static class EventCatalog
{
    private static readonly JsonSchemaExporterOptions s_exporter = new() { TreatNullObliviousAsNonNullable = true };

    /// <summary>The catalogue as indented JSON; equal for equal maps.</summary>
    internal static string Write(EventTypeMap map)
    {
        var catalog = new JsonObject
        {
            ["format"] = 1,
            ["types"] = new JsonArray([.. map.Types.OrderBy(type => type.Name, StringComparer.Ordinal).Select(type => Describe(type, map))]),
        };
        using var text = new MemoryStream();
        using (var writer = new Utf8JsonWriter(text, new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) catalog.WriteTo(writer);
        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    private static JsonObject Describe(EventType type, EventTypeMap map)
    {
        var readsAs = map.Upcasts.TypesOf(type).Select(clrType => map.TryGet(clrType, out var target) ? target.Name : clrType.Name).Order(StringComparer.Ordinal);
        return new()
        {
            ["name"] = type.Name,
            ["aliases"] = Array(type.Aliases),
            ["schemaVersion"] = type.SchemaVersion,
            ["isReadOnly"] = type.IsReadOnly,
            ["readsAs"] = Array(readsAs),
            ["writtenAs"] = Array([type.Serializer.ContentType]),
            ["readableAs"] = Array(type.Forms.ContentTypes.Where(form => form != JsonEventSerializer.MediaType || type.Contract is not null)),
            ["ignoresCase"] = type.Contract?.Options.PropertyNameCaseInsensitive ?? false,
            ["tags"] = Array(type.TagRules.Select(rule => $"{rule.Tag}: {rule.Property}")),
            ["constraints"] = Array(type.Constraints.Select(constraint => constraint.Rule)),
            ["versions"] = new JsonArray([.. Enumerable.Range(0, type.Upcasters.Length).Select(step => Older(type, step)), Version(type.SchemaVersion, "none", type.Contract)]),
        };
    }

    private static JsonObject Older(EventType type, int step)
    {
        var older = type.Older[step];
        return Version(type.Upcasters[step].From, older is null ? "from JSON" : "from an older type", older?.Contract);
    }

    private static JsonObject Version(int number, string upcast, JsonTypeInfo? contract) => new()
    {
        ["schemaVersion"] = number,
        ["upcast"] = upcast,
        ["schema"] = contract is null ? null : SchemaOf(contract),
    };

    // A contract that the exporter does not support has no schema: one that keeps references.
    private static JsonNode? SchemaOf(JsonTypeInfo contract)
    {
        try
        {
            return contract.GetJsonSchemaAsNode(s_exporter);
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    private static JsonArray Array(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode)value)]);
}
