using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Documentation;

/// <summary>A test of a document's examples, run in an empty folder: what the document shows is what the test's source marks as example.</summary>
[NonParallelizable, SetCulture("")]
public abstract partial class DocumentationTest
{
    private TextWriter _console = null!;
    private string _folder = null!;
    private DirectoryInfo _scratch = null!;

    [SetUp]
    public void GoToAnEmptyFolder()
    {
        (_console, _folder) = (Console.Out, Environment.CurrentDirectory);
        _scratch = Directory.CreateTempSubdirectory("eventsourcing-documentation-");
        Environment.CurrentDirectory = _scratch.FullName;
    }

    [TearDown]
    public void ComeBack()
    {
        Console.SetOut(_console);
        Environment.CurrentDirectory = _folder;
        _scratch.Delete(recursive: true);
    }

    /// <summary>The C# examples that a document shows, whitespace aside.</summary>
    protected static List<string> Shown(string document) =>
        [.. CodeBlock().Matches(File.ReadAllText(Path.Combine(Root(), document))).Select(match => Normalized(match.Groups[1].Value))];

    /// <summary>The blocks of one language that a document shows, as they stand.</summary>
    protected static List<string> Blocks(string document, string language) =>
        [.. Regex.Matches(File.ReadAllText(Path.Combine(Root(), document)), $@"^```{language}\s*$(.*?)^```\s*$", RegexOptions.Multiline | RegexOptions.Singleline).Select(match => match.Groups[1].Value)];

    /// <summary>What a source of this project marks as examples of these names, joined, whitespace aside.</summary>
    protected static string Executed(string source, params string[] names)
    {
        var regions = Region().Matches(File.ReadAllText(Path.Combine(Root(), "tests", "EventSourcing.Sqlite.Tests", source)))
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        return Normalized(string.Join(' ', names.Select(name => regions[name])));
    }

    private static string Normalized(string code) => Whitespace().Replace(code, " ").Trim();

    private static string Root([CallerFilePath] string thisFile = "")
    {
        // A deterministic build writes the path as /_/…: then the folder is found from where the tests run.
        for (var folder = new DirectoryInfo(File.Exists(thisFile) ? Path.GetDirectoryName(thisFile)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }

    [GeneratedRegex(@"^```csharp\s*$(.*?)^```\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^ *// <example: (\w+)>\s*$(.*?)^ *// </example>\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
