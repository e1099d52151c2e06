using System.Globalization;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Views;

/// <summary>The names of a build's tables: plain ones in a file of its own, and ones that contain the build's name in the log's file. As SQL, quoted where needed.</summary>
internal sealed record ViewLayout
{
    private const string InLogPrefix = "es_inline.";

    /// <summary>In a file of its own.</summary>
    internal static readonly ViewLayout OwnFile = new();

    /// <summary>The build in the log's file; null in a file of its own.</summary>
    internal ViewBuildId? InLog { get; private init; }

    /// <summary>The table of the facts.</summary>
    internal string Facts => InLog is { } id ? $"\"{InLogPrefix}{id}\"" : "es_view";

    /// <summary>In the log's file.</summary>
    internal static ViewLayout Of(ViewBuildId id) => new() { InLog = id };

    /// <summary>The rows of a table.</summary>
    internal string Rows(int table) => InLog is { } id ? string.Create(CultureInfo.InvariantCulture, $"\"{InLogPrefix}{id}.{table}\"") : string.Create(CultureInfo.InvariantCulture, $"es_rows_{table}");

    /// <summary>The kept changes of a table.</summary>
    internal string Changes(int table) => InLog is { } id ? string.Create(CultureInfo.InvariantCulture, $"\"{InLogPrefix}{id}.{table}.changes\"") : string.Create(CultureInfo.InvariantCulture, $"es_changes_{table}");

    /// <summary>An index of a table.</summary>
    internal string Index(int table, int index) =>
        InLog is { } id ? string.Create(CultureInfo.InvariantCulture, $"\"{InLogPrefix}{id}.{table}.{index}\"") : string.Create(CultureInfo.InvariantCulture, $"es_rows_{table}_{index}");

    /// <summary>The SQL view of a projection. In the log's file its name contains the version: several may serve there.</summary>
    internal string SqlView(string projection) => InLog is { } id ? string.Create(CultureInfo.InvariantCulture, $"\"{projection}.v{id.Version}\"") : $"\"{projection}\"";

    /// <summary>True for a name that only this build's tables and indexes have.</summary>
    /// <param name="name">The name, without quotes.</param>
    internal bool Owns(string name) => InLog is { } id ? name.StartsWith($"{InLogPrefix}{id}.", StringComparison.Ordinal) || name == $"{InLogPrefix}{id}" : name.StartsWith("es_", StringComparison.Ordinal);

    /// <summary>True for a name of a table or an index of any build in the log's file.</summary>
    internal static bool IsInLog(string name) => name.StartsWith(InLogPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>The build whose facts a table of the log's file has; null for every other table.</summary>
    internal static ViewBuildId? BuildOf(string table) =>
        table.StartsWith(InLogPrefix, StringComparison.Ordinal) && ViewBuildId.TryParse(table.AsSpan(InLogPrefix.Length), out var id) ? id : null;
}
