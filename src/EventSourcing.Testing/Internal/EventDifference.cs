using System.Globalization;
using System.Text;
using System.Text.Json;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Internal;

/// <summary>Describes the first difference between expected and found events, as stored.</summary>
internal static class EventDifference
{
    /// <summary>The first difference, or null.</summary>
    /// <param name="given">The events expected, as the specification gives them.</param>
    /// <param name="expected">The same events, as stored.</param>
    /// <param name="found">The events found, as stored.</param>
    internal static string? Find(IReadOnlyList<object> given, IReadOnlyList<RecordedEvent> expected, IReadOnlyList<RecordedEvent> found)
    {
        for (var i = 0; i < Math.Min(expected.Count, found.Count); i++)
            if (Find(given[i] as EventData, expected[i], found[i]) is { } difference)
                return string.Create(CultureInfo.InvariantCulture, $"event {i + 1}, {difference}");
        return expected.Count == found.Count ? null : $"{Count(expected.Count)} expected, {Count(found.Count)} found";
    }

    /// <summary>Type name and JSON; of another form, its bytes.</summary>
    internal static string Text(in RecordedEvent e) => $"{e.Type} {Data(e)}";

    private static string Data(in RecordedEvent e) => e.IsJson ? Encoding.UTF8.GetString(e.Data.Span) : Convert.ToHexString(e.Data.Span);

    private static string? Find(EventData? given, in RecordedEvent expected, in RecordedEvent found)
    {
        if (expected.Type != found.Type) return Differ("type", expected.Type, found.Type);
        if (FindInData(expected, found) is { } difference) return difference;
        if (given is null) return null;
        if (given.StreamId is not null && expected.StreamId != found.StreamId) return Differ("stream", expected.StreamId, found.StreamId);
        if (given.Id is not null && expected.Id != found.Id) return Differ("id", expected.Id, found.Id);
        if (given.OccurredAt is not null && expected.OccurredAt != found.OccurredAt) return Differ("time", $"{expected.OccurredAt:O}", $"{found.OccurredAt:O}");
        if (given.Tags.Count == 0 || expected.Tags!.ToHashSet().SetEquals(found.Tags ?? [])) return null;
        return Differ("tags", string.Join(", ", expected.Tags!), string.Join(", ", found.Tags ?? []));
    }

    /// <summary>The first difference between the data of two events, or null.</summary>
    internal static string? FindInData(in RecordedEvent expected, in RecordedEvent found)
    {
        if (!expected.IsJson || !found.IsJson)
            return expected.Data.Span.SequenceEqual(found.Data.Span) ? null : Differ("data", Data(expected), Data(found));
        return FindInJson(expected.Data, found.Data);
    }

    /// <summary>The first difference between two JSON texts, or null. The order of properties and the trailing zeros of numbers do not count.</summary>
    internal static string? FindInJson(ReadOnlyMemory<byte> expected, ReadOnlyMemory<byte> found)
    {
        using var left = JsonDocument.Parse(expected);
        using var right = JsonDocument.Parse(found);
        return Find(left.RootElement, right.RootElement, "$");
    }

    private static string? Find(JsonElement expected, JsonElement found, string path) => (expected.ValueKind, found.ValueKind) switch
    {
        (JsonValueKind.Object, JsonValueKind.Object) => FindInObject(expected, found, path),
        (JsonValueKind.Array, JsonValueKind.Array) => FindInArray(expected, found, path),
        _ => JsonElement.DeepEquals(expected, found) ? null : Differ(path, expected.GetRawText(), found.GetRawText()),
    };

    private static string? FindInObject(JsonElement expected, JsonElement found, string path)
    {
        foreach (var property in expected.EnumerateObject())
        {
            var place = $"{path}.{property.Name}";
            var difference = found.TryGetProperty(property.Name, out var other)
                ? Find(property.Value, other, place)
                : Differ(place, property.Value.GetRawText(), "nothing");
            if (difference is not null) return difference;
        }

        foreach (var property in found.EnumerateObject())
            if (!expected.TryGetProperty(property.Name, out _))
                return Differ($"{path}.{property.Name}", "nothing", property.Value.GetRawText());
        return null;
    }

    private static string? FindInArray(JsonElement expected, JsonElement found, string path)
    {
        for (var i = 0; i < Math.Max(expected.GetArrayLength(), found.GetArrayLength()); i++)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            if (i == expected.GetArrayLength()) return Differ(place, "nothing", found[i].GetRawText());
            if (i == found.GetArrayLength()) return Differ(place, expected[i].GetRawText(), "nothing");
            if (Find(expected[i], found[i], place) is { } difference) return difference;
        }

        return null;
    }

    private static string Differ(string place, object expected, object found) => $"{place}: expected {expected}, found {found}";

    private static string Count(int events) => events == 1 ? "1 event" : string.Create(CultureInfo.InvariantCulture, $"{events} events");
}
