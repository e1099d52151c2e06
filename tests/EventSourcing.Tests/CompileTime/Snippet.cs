using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EventSourcing.Tests.CompileTime;

/// <summary>Compiles the text of a program against the built assemblies, as a user's project would.</summary>
internal static class Snippet
{
    private const string ConsoleUsings = "System System.IO System.Linq System.Collections.Generic System.Net.Http System.Threading System.Threading.Tasks";

    private const string WebUsings =
        "System.Net.Http.Json Microsoft.AspNetCore.Builder Microsoft.AspNetCore.Hosting Microsoft.AspNetCore.Http Microsoft.AspNetCore.Routing Microsoft.Extensions.Configuration Microsoft.Extensions.DependencyInjection Microsoft.Extensions.Hosting Microsoft.Extensions.Logging";

    private const string Usings = "EventSourcing";

    private static readonly Lazy<MetadataReference[]> s_console = new(() => References(sharedFrameworks: ["Microsoft.NETCore.App"]));

    private static readonly Lazy<MetadataReference[]> s_web = new(() => References(sharedFrameworks: ["Microsoft.NETCore.App", "Microsoft.AspNetCore.App"]));

    /// <summary>False where the reference assemblies of ASP.NET Core do not come with the SDK that runs the tests.</summary>
    internal static bool CanCompileWeb { get; } = FindPack("Microsoft.AspNetCore.App") is not null;

    /// <summary>Compiles a program and gives its errors and warnings.</summary>
    /// <param name="program">A whole file: usings, top-level statements or types. <c>using EventSourcing;</c> and the SDK's implicit usings are there already.</param>
    /// <param name="isWeb">True for the references and implicit usings of the Web SDK.</param>
    /// <param name="usings">More global usings: <c>EventSourcing.Sqlite</c>, for one.</param>
    internal static IReadOnlyList<Diagnostic> Compile(string program, bool isWeb = false, params string[] usings)
    {
        var names = $"{ConsoleUsings} {(isWeb ? WebUsings : "")} {Usings}".Split(' ', StringSplitOptions.RemoveEmptyEntries).Union(usings);
        var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);
        var isProgram = CSharpSyntaxTree.ParseText(program, options).GetCompilationUnitRoot().Members.Any(m => m is Microsoft.CodeAnalysis.CSharp.Syntax.GlobalStatementSyntax);
        return CSharpCompilation.Create(
                "Snippet",
                [
                    CSharpSyntaxTree.ParseText(string.Concat(names.Select(name => $"global using {name};\n")), options),
                    CSharpSyntaxTree.ParseText(program, options),
                ],
                isWeb ? s_web.Value : s_console.Value,
                new(isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable))
            .GetDiagnostics()
            .Where(d => d.Severity >= DiagnosticSeverity.Warning)
            .ToList();
    }

    /// <summary>The ids of the errors of a program; empty where it compiles.</summary>
    internal static IReadOnlyList<string> Errors(string program, bool isWeb = false, params string[] usings) =>
        Compile(program, isWeb, usings).Where(d => d.Severity == DiagnosticSeverity.Error).Select(d => d.Id).Distinct().ToList();

    // What lies beside the tests, and the reference assemblies of the frameworks; where a framework's are not there, those that run.
    private static MetadataReference[] References(string[] sharedFrameworks)
    {
        var files = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in sharedFrameworks.Select(name => FindPack(name) ?? Path.GetDirectoryName(typeof(object).Assembly.Location)!).Distinct().SelectMany(Assemblies))
            files.TryAdd(Path.GetFileName(file), file);
        foreach (var file in Assemblies(AppContext.BaseDirectory).Where(file => !Path.GetFileName(file).StartsWith("EventSourcing.Tests", StringComparison.Ordinal)))
            files.TryAdd(Path.GetFileName(file), file);
        return [.. files.Values.Select(file => MetadataReference.CreateFromFile(file))];
    }

    private static IEnumerable<string> Assemblies(string directory) => Directory.EnumerateFiles(directory, "*.dll").Where(IsManaged);

    private static bool IsManaged(string file)
    {
        using var stream = File.OpenRead(file);
        using var image = new System.Reflection.PortableExecutable.PEReader(stream);
        return image.HasMetadata;
    }

    private static string? FindPack(string framework)
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        var pack = Path.Combine(root, "packs", $"{framework}.Ref");
        return Directory.Exists(pack)
            ? Directory.EnumerateDirectories(pack).SelectMany(version => Directory.EnumerateDirectories(Path.Combine(version, "ref"), $"net{Environment.Version.Major}.*")).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
    }
}
