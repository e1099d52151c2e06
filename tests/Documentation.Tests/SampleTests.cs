using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Documentation.Tests;

/// <summary>The small samples are the programs that the pages show, and print what they say.</summary>
public sealed class SampleTests
{
    [Test]
    public void Hello_is_the_program_of_the_README() =>
        File.ReadAllText(Path.Combine(Page.Root, "samples/Hello/Program.cs")).ReplaceLineEndings("\n").TrimEnd().Should().Be(Page.Open("README.md").Code.First().Text.TrimEnd());

    [Test, CancelAfter(60_000)]
    public async Task Hello_prints_what_the_README_says(CancellationToken cancellationToken)
    {
        var readme = Page.Open("README.md");
        (await RunAsync("Hello", cancellationToken)).Should().Be(readme.Output(readme.Code.First().Line)!.TrimEnd());
    }

    [Test, CancelAfter(60_000)]
    public async Task Courses_keeps_the_rules_of_the_school(CancellationToken cancellationToken) => (await RunAsync("Courses", cancellationToken)).Should().Be(
        """
        math has two places
        art has twenty places
        music has twenty places
        sport has twenty places
        ann takes math
        ann takes math again: refused. ann takes math already.
        bob and cleo ask for the last place in math: 1 of them has it
        math has three places now
        dora takes math
        ann takes art
        ann takes music
        ann takes sport: refused. ann takes 3 courses already.
        ann leaves art
        ann takes sport
        5 events are about ann, in the streams of four courses
        """.ReplaceLineEndings("\n"));

    // The samples are built with the tests, in the same configuration.
    private static string Program(string sample)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(Page.Root, "samples", sample, "bin", output.Parent!.Name, output.Name, $"{sample}.dll");
    }

    private static async Task<string> RunAsync(string sample, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("eventsourcing-sample-");
        try
        {
            using var program = Process.Start(new ProcessStartInfo("dotnet", [Program(sample)]) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = program.StandardError.ReadToEndAsync(cancellationToken);
            var printed = await program.StandardOutput.ReadToEndAsync(cancellationToken);
            await program.WaitForExitAsync(cancellationToken);
            (await errors).Should().BeEmpty();
            return printed.ReplaceLineEndings("\n").TrimEnd();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
