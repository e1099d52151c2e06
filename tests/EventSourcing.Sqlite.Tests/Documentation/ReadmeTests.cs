using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Documentation;

/// <summary>The example of README.md runs, and is the code of <see cref="ReadmeExample"/>.</summary>
[NonParallelizable, SetCulture("")]
public sealed partial class ReadmeTests
{
    private TextWriter _console = null!;
    private string _folder = null!;
    private DirectoryInfo _scratch = null!;

    [SetUp]
    public void GoToAnEmptyFolder()
    {
        (_console, _folder) = (Console.Out, Environment.CurrentDirectory);
        _scratch = Directory.CreateTempSubdirectory("eventsourcing-readme-");
        Environment.CurrentDirectory = _scratch.FullName;
    }

    [TearDown]
    public void ComeBack()
    {
        Console.SetOut(_console);
        Environment.CurrentDirectory = _folder;
        _scratch.Delete(recursive: true);
    }

    [Test]
    public async Task The_example_prints_what_it_stored_each_time_it_is_run()
    {
        for (var run = 1; run <= 2; run++)
        {
            using var printed = new StringWriter();
            Console.SetOut(printed);

            await ReadmeExample.RunAsync();

            printed.ToString().ReplaceLineEndings("\n").Should().Be("""
                1 order-created OrderCreated { Email = ann@example.com, Total = 62.50 }
                2 order-paid OrderPaid { Amount = 20 }

                """.ReplaceLineEndings("\n"));
        }
    }

    [Test]
    public void The_example_is_the_one_of_the_readme()
    {
        var source = Path.Combine(Root(), "tests", "EventSourcing.Sqlite.Tests", "Documentation", "ReadmeExample.cs");
        var executed = string.Concat(Region().Matches(File.ReadAllText(source)).Select(match => match.Groups[1].Value));
        var shown = CodeBlock().Match(File.ReadAllText(Path.Combine(Root(), "README.md"))).Groups[1].Value;

        Normalized(shown).Should().Be(Normalized(executed)).And.NotBeEmpty();
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

    [GeneratedRegex(@"^ *// <example: \w+>\s*$(.*?)^ *// </example>\s*$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
