using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace EventSourcing.Tests.Architecture;

/// <summary>The floors of the core, from the ground up: a type names types of its own floor and of lower ones only. A type's floor is that of the folder of its source file.</summary>
internal static partial class Floors
{
    // Rooms of the subscriptions and of the views have floors of their own between those of the design, so that arrows between them run one way.
    private static readonly Dictionary<string, decimal> s_byFolder = new()
    {
        ["Values"] = 0,
        ["Exceptions"] = 0,
        ["Storage"] = 0,
        ["Serialization"] = 0,
        ["InMemory"] = 0,
        ["../Shared"] = 0,
        [""] = 1,
        ["Tracing"] = 1,
        ["Internal"] = 1,
        ["Aggregates"] = 2,
        ["Deciding"] = 2,
        ["Commands"] = 2,
        ["Leasing"] = 3.0m,
        ["Following"] = 3.0m,
        ["Subscriptions/Effects"] = 3.1m,
        ["Subscriptions/Handling"] = 3.2m,
        ["Subscriptions/Monitoring"] = 3.2m,
        ["Subscriptions/Parking"] = 3.3m,
        ["Subscriptions/Running"] = 3.4m,
        ["Subscriptions"] = 3.5m,
        ["Bus"] = 3.5m,
        ["Relaying"] = 3.5m,
        ["Views/Declaring"] = 4.0m,
        ["Views/Folding"] = 4.0m,
        ["Views/Changes"] = 4.1m,
        ["Views/Serving"] = 4.1m,
        ["Views/Building"] = 4.2m,
        ["Views/Running"] = 4.3m,
        ["Views"] = 4.4m,
        ["Replaying"] = 4.4m,
        ["DependencyInjection"] = 5,
    };

    // Settings and data of the subscriptions, which their rooms are given.
    private static readonly HashSet<string> s_subscriptionNouns =
        [
            "DeliveryContext", "EventFailure", "FailureOutcome", "FailurePolicy", "ParkedEvent", "StartFrom", "AfterRetries", "EventBusOptions", "HandlerDelegate", "SubscriptionHandler", "SubscriptionOptions", "SubscriptionState",
            "SubscriptionStatus", "TypedHandlers",
        ];

    // Declarations and their folds know each other: a look-up of a declaration reads documents while they are folded.
    private static readonly HashSet<string> s_projectionNouns = ["ITableWriter", "Projection", "TableProjection", "ViewMode", "ViewRows", "ViewSet"];

    // What reading a view gives, which is read in several rooms.
    private static readonly HashSet<string> s_viewNouns =
        ["EventViewsOptions", "IView", "Page", "ViewBuildChange", "ViewBuildState", "ViewChange", "ViewContext", "ViewDifference", "ViewProgress", "ViewQuery", "ViewSnapshot", "ViewStatus", "ViewVerification", "WhileBuilding"];

    private static readonly Dictionary<string, string> s_folders = Sources().SelectMany(TypesOf).DistinctBy(found => found.Type).ToDictionary(found => found.Type, found => found.Folder);

    /// <summary>The source files of the core.</summary>
    internal static IReadOnlyList<string> Sources() =>
        [.. new[] { SourceFolder(), Path.Combine(SourceFolder(), "..", "Shared") }.SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)).Where(file => !Relative(file).StartsWith("obj/", StringComparison.Ordinal) && !Relative(file).StartsWith("bin/", StringComparison.Ordinal))];

    /// <summary>The folder of a type's source, from the project's; null for a type that no source file declares.</summary>
    internal static string? FolderOf(Type type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        return s_folders.GetValueOrDefault($"{type.Namespace}.{NameOf(type)}");
    }

    /// <summary>The floor of a type of the core; null where its folder has none.</summary>
    internal static decimal? Of(Type type)
    {
        while (type.DeclaringType is { } outer) type = outer;
        var folder = FolderOf(type);
        return (folder, NameOf(type)) switch
        {
            ("Subscriptions", var name) when s_subscriptionNouns.Contains(name) => 3.2m,
            ("Views", var name) when s_projectionNouns.Contains(name) => 4.0m,
            ("Views", var name) when s_viewNouns.Contains(name) => 4.1m,
            _ => OfFolder(folder),
        };
    }

    /// <summary>The floor of a folder, machinery inside it included.</summary>
    private static decimal? OfFolder(string? folder)
    {
        if (folder is null) return null;
        if (s_byFolder.TryGetValue(folder, out var floor)) return floor;
        var parent = folder.LastIndexOf('/');
        return parent < 0 ? null : OfFolder(folder[..parent]);
    }

    private static string NameOf(Type type) => type.Name.Split('`')[0];

    private static IEnumerable<(string Type, string Folder)> TypesOf(string file)
    {
        var text = File.ReadAllText(file);
        var (space, folder) = (NamespaceLine().Match(text).Groups[1].Value, Path.GetDirectoryName(Relative(file))!.Replace('\\', '/'));
        return TypeLine().Matches(text).Select(match => ($"{space}.{match.Groups[1].Value}", folder));
    }

    private static string Relative(string file) => Path.GetRelativePath(SourceFolder(), file).Replace('\\', '/');

    private static string SourceFolder([CallerFilePath] string thisFile = "")
    {
        // A deterministic build writes the path as /_/…: then the folder is found from where the tests run.
        for (var folder = new DirectoryInfo(File.Exists(thisFile) ? Path.GetDirectoryName(thisFile)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln")))
                return Path.Combine(folder.FullName, "src", "EventSourcing");
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }

    [GeneratedRegex(@"^namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^(?:public|internal)\s[^=(;{]*?\b(?:class|struct|interface|enum|record(?:\s+struct|\s+class)?|delegate\s+[\w<>?\[\], ]+?)\s+(\w+)\s*(?:$|[<(:;{])", RegexOptions.Multiline)]
    private static partial Regex TypeLine();
}
