using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Documentation.Tests;

/// <summary>The table of the page on errors has a row for each exception of the packages that a program uses, and says of each whether it is transient as the exception does.</summary>
public sealed partial class ErrorsPageTests
{
    private static readonly Dictionary<string, string> s_rows =
        Row().Matches(Page.Open("docs/errors.md").Text).ToDictionary(row => row.Groups["name"].Value, row => row.Groups["transient"].Value);

    private static IReadOnlyList<Type> Exceptions =>
        [.. new[] { typeof(IEventStore), typeof(Sqlite.SqliteEventStore), typeof(Hosting.EventSourcingHostingExtensions) }.SelectMany(type => type.Assembly.GetExportedTypes())
            .Where(type => typeof(Exception).IsAssignableFrom(type) && type != typeof(EventSourcingException))];

    [Test]
    public void Every_exception_has_a_row() => s_rows.Keys.Should().BeEquivalentTo(Exceptions.Select(type => type.Name));

    [Test]
    public void Each_row_says_whether_the_exception_is_transient()
    {
        foreach (var type in Exceptions.Where(type => !type.IsAbstract))
        {
            var exception = (EventSourcingException)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type);
            s_rows[type.Name].Should().Be(exception.IsTransient ? "yes" : "no", type.Name);
        }
    }

    [GeneratedRegex(@"^\| `(?<name>\w+)` \| [^|]*\| (?<transient>\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
