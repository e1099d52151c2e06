using System.Text.RegularExpressions;

namespace EventSourcing.Documentation.Tests;

/// <summary>The links of a page to files and headings of the repository.</summary>
internal static partial class Links
{
    /// <summary>The targets of all links that do not lead out of the repository.</summary>
    internal static IEnumerable<string> In(string text) =>
        Link().Matches(text).Select(match => match.Groups[1].Value).Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal));

    /// <summary>True when the file is there, and in a page the heading.</summary>
    internal static bool Exists(string folder, string page, string link)
    {
        var parts = link.Split('#');
        var file = parts[0].Length == 0 ? page : Path.GetFullPath(Path.Combine(folder, parts[0]));
        if (parts.Length == 1) return File.Exists(file) || Directory.Exists(file);
        return File.Exists(file) && Heading().Matches(File.ReadAllText(file)).Any(match => Anchor(match.Groups[1].Value) == parts[1]);
    }

    private static string Anchor(string heading) => NoWord().Replace(heading.Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ +(.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoWord();
}
