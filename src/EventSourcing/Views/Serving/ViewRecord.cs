using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Views.Serving;

/// <summary>What the log knows of a version of a view set: the value of a <see cref="RecordKind.View"/> record.</summary>
/// <param name="Serving">The build that is read; 0 while there is none.</param>
/// <param name="Last">The highest number that a build was given.</param>
/// <param name="Declaration">The declaration in its canonical form.</param>
/// <param name="HeldAt">When a process last declared the version.</param>
/// <param name="Code">The code that makes the build <paramref name="Last"/>, see <see cref="ViewSet.Code"/>.</param>
internal sealed record ViewRecord(long Serving, long Last, string Declaration, DateTimeOffset HeldAt, string? Code = null)
{
    internal const string LogIdKey = "log";

    internal static string KeyOf(string set, int version) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{set}.v{version}");

    internal static bool TryParseKey(string key, out string set, out int version)
    {
        (set, version) = ("", 0);
        if (!ViewBuildId.TryParse(key + ".b1", out var id)) return false;
        (set, version) = (id.Set, id.Version);
        return true;
    }

    internal static ViewRecord Parse(StoredRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Value.Span, ViewRecordJson.Default.ViewRecord) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new StoreCorruptException("its form is not known", $"the record of view set '{record.Key}'", e) { RecordKey = record.Key };
        }
    }

    internal RecordChange Put(string key, long ifRevision) => RecordChange.Put(RecordKind.View, key, JsonSerializer.SerializeToUtf8Bytes(this, ViewRecordJson.Default.ViewRecord), ifRevision);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ViewRecord))]
internal sealed partial class ViewRecordJson : JsonSerializerContext;
