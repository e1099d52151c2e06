using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FluentAssertions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using NUnit.Framework;

namespace EventSourcing.Tests.Architecture;

/// <summary>Comments, messages, documentation and sentence names use plain technical English: words that a foreign reader has to look up or read twice are refused.</summary>
public sealed partial class WordingTests
{
    private static readonly string[] s_folders = ["src", "docs", "benchmarks", "samples"];

    // The pages of results are records of their day.
    private const string Results = "benchmarks/results/";

    /// <summary>Phrases in which one of the words is right.</summary>
    private static readonly string[] s_allowed =
    [
        "activity listener", "activity or meter listener", "activity listeners", "meter listener", "meter listeners", // The words of System.Diagnostics.
        "on demand",
        "sealed class", "sealed static", "sealed classes", "sealed type", "sealed types", "sealed form", "sealed forms", // The keyword of C#.
        "path segment", "path segments", "URL segment", "URL segments",
    ];

    private static readonly Regex s_allowedPhrases = Word(string.Join('|', s_allowed));

    /// <summary>Each refused word, and what to write instead.</summary>
    private static readonly (Regex Word, string Instead)[] s_refused =
    [
        (Word("said"), "given, configured, stored"),
        (Word("anew"), "again"),
        (Word("lest"), "so that … not"),
        (Word("at hand"), "available"),
        (Word("comes? again"), "is delivered again"),
        (Word("go(?:es)? on"), "continues"),
        (Word("beneath"), "below, inner"),
        (Word("(?:set|sets|setting) (?:\\w+ )?aside"), "parked"),
        (Word("whoever|whosoever"), "the caller, the program that"),
        (Word("(?:those|ones?|all|anybody|somebody|nobody|everybody|thing|things) who"), "name the thing, or a caller, user or program that"),
        (Word("who (?:waits?|asks?|reads?|writes?|comes?|meets?|begins?|holds?|follows?|loses|wins|finds?)"), "the caller, reader or writer that"),
        (Word("demand(?:s|ed|ing)?"), "require, requirement, expected version"),
        (Word("judge(?:s|d)?|judging"), "validate, check"),
        (Word("(?:un)?seal(?:s|ed|ing)?"), "finalize"),
        (Word("moments?"), "time, timestamp, point in time"),
        (Word("listeners?"), "subscriber, live subscription"),
        (Word("segments?"), "partition"),
        (Word("tenures?"), "lease"),
        (Word("in vain"), "without a result"),
        (Word("nor (?:is|are|was|were|does|do|did|has|have|can|will|may)"), "a second sentence, subject first"),
        (Word("steer(?:s|ed|ing)?"), "control"),
        (Word("whatever became of"), "whatever happened to"),
        (Word("gone past|go past|goes past"), "passed"),
    ];

    [Test]
    public void Texts_use_plain_words() =>
        (from file in Files()
         let text = File.ReadAllText(Path.Combine(Root(), file))
         from finding in file.EndsWith(".cs", StringComparison.Ordinal) ? InCode(file, text) : InPage(file, text)
         select finding).Should().BeEmpty();

    [Test]
    public void Names_of_tests_use_plain_words() =>
        (from file in Directory.EnumerateFiles(Path.Combine(Root(), "tests"), "*.cs", SearchOption.AllDirectories)
         where !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal)
         from name in SentenceNames(CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot())
         from finding in InText(Path.GetRelativePath(Root(), file), name.Line, name.Text)
         select finding).Should().BeEmpty();

    [TestCase("// Whoever waits is told.", 1)]
    [TestCase("/// <summary>Decided anew\n/// on conflict.</summary>\nclass A;", 1)]
    [TestCase("/// <summary>It comes\n/// again.</summary>\nclass A;", 1)]
    [TestCase("class A { string s = $\"The key '{1}' was set aside.\"; }", 1)]
    [TestCase("class A { void Update_changes_anew_on_conflict() { } }", 1)]
    [TestCase("class A { /* <c>said</c> */ int said; }", 0)]
    [TestCase("/// <summary>See <see cref=\"Judge\"/>, read on demand.</summary>\nsealed class A;", 0)]
    public void Words_are_found_in_code(string code, int count) => InCode("A.cs", code).Count().Should().Be(count);

    [TestCase("It goes on\nbelow.", 1)]
    [TestCase("Call `said()`, see [there](said.md):\n\n```csharp\nvar said = 1;\n```\n", 0)]
    public void Words_are_found_in_pages(string text, int count) => InPage("a.md", text).Count().Should().Be(count);

    private static IEnumerable<string> Files() =>
        s_folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root(), folder), "*.*", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Root(), file).Replace('\\', '/'))
            .Where(file => file.EndsWith(".md", StringComparison.Ordinal) || ((file.StartsWith("src/", StringComparison.Ordinal) || file.StartsWith("samples/", StringComparison.Ordinal)) && file.EndsWith(".cs", StringComparison.Ordinal)))
            .Where(file => !file.StartsWith(Results, StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Append("README.md").Append("CHANGELOG.md")
            .Order(StringComparer.Ordinal);

    private static IEnumerable<string> InCode(string file, string code)
    {
        var root = CSharpSyntaxTree.ParseText(code).GetRoot();
        // A sentence may run over several comments of one line each.
        var (comment, line) = ("", 0);
        var texts = new List<(int Line, string Text)>();
        foreach (var trivia in root.DescendantTrivia())
        {
            if (trivia.IsKind(SyntaxKind.EndOfLineTrivia) || trivia.IsKind(SyntaxKind.WhitespaceTrivia)) continue;
            if (Comment(trivia) is not { } text) continue;
            var at = LineOf(trivia.GetLocation());
            if (comment.Length == 0 || at > line + comment.Count(c => c == '\n') + 1) End();
            if (comment.Length == 0) line = at;
            comment += (comment.Length == 0 ? "" : "\n") + text;
        }

        End();
        texts.AddRange(root.DescendantTokens()
            .Where(token => token.Kind() is SyntaxKind.StringLiteralToken or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken)
            .Select(token => (LineOf(token.GetLocation()), token.ValueText)));
        texts.AddRange(SentenceNames(root));
        return texts.OrderBy(text => text.Line).SelectMany(text => InText(file, text.Line, text.Text));

        void End()
        {
            if (comment.Length > 0) texts.Add((line, comment));
            comment = "";
        }
    }

    private static IEnumerable<(int Line, string Text)> SentenceNames(SyntaxNode root) =>
        from token in root.DescendantTokens()
        where token.IsKind(SyntaxKind.IdentifierToken) && token.Text.Count(c => c == '_') > 1 && !token.Text.StartsWith('_')
        select (LineOf(token.GetLocation()), token.Text.Replace('_', ' '));

    private static int LineOf(Location location) => location.GetLineSpan().StartLinePosition.Line + 1;

    private static string? Comment(SyntaxTrivia trivia) => trivia.Kind() switch
    {
        SyntaxKind.SingleLineCommentTrivia => CodeInComment().Replace(trivia.ToString()[2..], ""),
        SyntaxKind.MultiLineCommentTrivia => CodeInComment().Replace(trivia.ToString(), ""),
        SyntaxKind.SingleLineDocumentationCommentTrivia => Tag().Replace(CodeInComment().Replace(CommentMark().Replace(trivia.ToFullString().TrimEnd(), ""), ""), ""),
        _ => null,
    };

    private static IEnumerable<string> InPage(string file, string text) => InText(file, 1, LinkTarget().Replace(Blank(PageCode(), text), "]"));

    private static IEnumerable<string> InText(string file, int line, string text)
    {
        text = s_allowedPhrases.Replace(text, match => new string(' ', match.Length));
        return from refused in s_refused
               from match in refused.Word.Matches(text)
               let start = Math.Max(0, match.Index - 40)
               let context = Space().Replace(text[start..Math.Min(text.Length, match.Index + match.Length + 40)], " ").Trim()
               select $"{file}:{line + text[..match.Index].Count(c => c == '\n')}: '{Space().Replace(match.Value, " ")}' in “{context}”: write {refused.Instead}";
    }

    // Lines stay lines.
    private static string Blank(Regex pattern, string text) => pattern.Replace(text, match => new string('\n', match.Value.Count(c => c == '\n')));

    private static Regex Word(string pattern) => new($@"\b(?:{pattern.Replace(" ", @"\s+", StringComparison.Ordinal)})\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static string Root([CallerFilePath] string thisFile = "")
    {
        // A deterministic build writes the path as /_/…: then the folder is found from where the tests run.
        for (var folder = new DirectoryInfo(File.Exists(thisFile) ? Path.GetDirectoryName(thisFile)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EventSourcing.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }

    [GeneratedRegex(@"<c>.*?</c>|<code>.*?</code>|`[^`\n]*`", RegexOptions.Singleline)]
    private static partial Regex CodeInComment();

    [GeneratedRegex(@"^\s*///\s?", RegexOptions.Multiline)]
    private static partial Regex CommentMark();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"^```.*?^```|`[^`\n]*`", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex PageCode();

    [GeneratedRegex(@"\]\([^)\s]*\)")]
    private static partial Regex LinkTarget();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
