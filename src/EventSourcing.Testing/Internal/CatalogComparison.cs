using System.Text.Json.Nodes;
using static EventSourcing.Testing.Internal.ContractFile;

namespace EventSourcing.Testing.Internal;

/// <summary>Finds what a type map cannot read of the events that a contract file says are stored.</summary>
internal static class CatalogComparison
{
    internal static IReadOnlyList<string> Compare(JsonObject known, JsonObject catalog)
    {
        var differences = new List<string>();
        foreach (var type in Types(known)) Compare(type, catalog, differences);
        return differences;
    }

    private static void Compare(JsonObject known, JsonObject catalog, List<string> differences)
    {
        var name = (string)known["name"]!;
        if (Find(catalog, name) is not { } type)
        {
            differences.Add($"'{name}': no entry of the type map reads it any more. Where it was renamed, add e.Alias(\"{name}\"); where it is not needed, read it as no event: e.UpcastToMany(_ => [])");
            return;
        }

        var (before, now) = ((int)known["schemaVersion"]!, (int)type["schemaVersion"]!);
        if (now < before)
        {
            differences.Add($"'{name}': the schema number went back from {before} to {now}, and events of number {before} are stored");
            return;
        }

        foreach (var form in Texts(known["writtenAs"]).Except(Texts(type["readableAs"]), StringComparer.OrdinalIgnoreCase))
            differences.Add($"'{name}': events are stored as '{form}', which no serializer of the type map reads any more. Add one: map.AddSerializer(…)");
        foreach (var version in Versions(known))
        {
            var number = (int)version["schemaVersion"]!;
            var reader = Versions(type).FirstOrDefault(v => (int)v["schemaVersion"]! == number);
            if (version["schema"] is not { } stored || reader?["schema"] is not { } read) continue;
            var found = SchemaComparison.Compare(stored, read, NamesOf(type));
            differences.AddRange(found.Select(difference => $"'{name}' {number}: {difference}"));
        }
    }
}
