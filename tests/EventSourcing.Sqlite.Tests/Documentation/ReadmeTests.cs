using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Documentation;

/// <summary>The example of README.md runs, and is the code of <see cref="ReadmeExample"/>.</summary>
public sealed class ReadmeTests : DocumentationTest
{
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
    public void The_example_is_the_one_of_the_readme() =>
        Shown("README.md").Should().Equal(Executed("Documentation/ReadmeExample.cs", "usings", "program", "types"));
}
