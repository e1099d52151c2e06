using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Documentation.Tests;

/// <summary>Every block of every page compiles, runs where it says so, and prints what the page says.</summary>
[NonParallelizable, SetCulture("")]
public sealed class PageTests
{
    private static IEnumerable<string> Paths => Page.Paths;

    private static IEnumerable<TestCaseData> Files => Paths.SelectMany(path => Page.Open(path).Code.Where(b => b.IsFile)
        .SelectMany(file => new[] { file.IsWeb, true }.Distinct().Select(isWeb => new TestCaseData(path, file.Line, isWeb))));

    [TestCaseSource(nameof(Paths))]
    public void The_fragments_compile(string path) => string.Join("\n", Compiler.Errors(Compiler.Fragments(Page.Open(path)))).Should().BeEmpty();

    // Those of a console project compile in a web project too: no name of ours is one of its implicit usings.
    [TestCaseSource(nameof(Files))]
    public void A_whole_file_compiles(string path, int line, bool isWeb)
    {
        var page = Page.Open(path);
        string.Join("\n", Compiler.Errors(Compiler.File(page, page.Blocks.Single(b => b.Line == line), isWeb))).Should().BeEmpty();
    }

    [TestCaseSource(nameof(Paths)), CancelAfter(60_000)]
    public async Task What_is_run_prints_what_the_page_says(string path)
    {
        var page = Page.Open(path);
        var printed = await Run.PageAsync(page);
        foreach (var (line, text) in printed)
            if (page.Output(line) is { } expected)
                text.TrimEnd().Should().Be(expected.TrimEnd(), $"that is what {path} shows below line {line}");
    }

    [TestCaseSource(nameof(Paths))]
    public void Links_lead_to_what_exists(string path)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Page.Root, path))!;
        var missing = Links.In(Page.Open(path).Text).Where(link => !Links.Exists(folder, Path.Combine(Page.Root, path), link));
        missing.Should().BeEmpty();
    }

    [Test]
    public void The_first_program_has_two_usings_of_ours()
    {
        foreach (var path in (string[])["README.md", "docs/getting-started.md"])
            Page.Open(path).Code.First(b => b.IsFile && b.Statements.Count > 0).UsingsOfOurs.Should().BeEquivalentTo("EventSourcing", "EventSourcing.Sqlite");
    }

    // Backends and tools use EventSourcing.Storage; an application does not.
    [Test]
    public void An_application_has_four_usings_of_ours_at_most()
    {
        var all = Paths.Except(["docs/writing-a-log.md", "docs/testing.md", "docs/operations.md", "docs/subscriptions.md", "src/EventSourcing.EntityFrameworkCore/README.md", "src/EventSourcing.Testing/README.md"])
            .Select(Page.Open).ToDictionary(page => page.Path, page => page.Code.Append(page.Context).SelectMany(b => b.UsingsOfOurs).Except(["EventSourcing.Testing"]).Distinct().Order());
        all.Values.Should().AllSatisfy(usings => usings.Should().BeSubsetOf(["EventSourcing", "EventSourcing.AspNetCore", "EventSourcing.Hosting", "EventSourcing.Sqlite"]));
    }
}
