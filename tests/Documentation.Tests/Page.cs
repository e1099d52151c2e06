using System.Runtime.CompilerServices;

namespace EventSourcing.Documentation.Tests;

/// <summary>A page of the documentation, and its context: what its blocks take for granted.</summary>
public sealed class Page
{
    private Page(string path)
    {
        Path = path;
        Text = File.ReadAllText(System.IO.Path.Combine(Root, path));
        Blocks = [.. Read(Text)];
        var name = System.IO.Path.GetFileNameWithoutExtension(path);
        var context = path.StartsWith("src/", StringComparison.Ordinal) ? path.Split('/')[1] : name;
        ContextPath = $"tests/Documentation.Tests/Pages/{context}.cs";
        var file = System.IO.Path.Combine(Root, ContextPath);
        Context = new("csharp", [], 1, File.Exists(file) ? File.ReadAllText(file) : "");
    }

    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The types that every page's fragments may use.</summary>
    public static Block Shop { get; } = new("csharp", [], 1, File.ReadAllText(System.IO.Path.Combine(Root, "tests/Documentation.Tests/Pages/Shop.cs")));

    /// <summary>Every page: the README, those of <c>docs</c>, and the packages' READMEs.</summary>
    public static IReadOnlyList<string> Paths { get; } =
    [
        "README.md",
        .. Directory.EnumerateFiles(System.IO.Path.Combine(Root, "docs"), "*.md").Select(file => $"docs/{System.IO.Path.GetFileName(file)}").Order(StringComparer.Ordinal),
        .. Directory.EnumerateDirectories(System.IO.Path.Combine(Root, "src")).Select(folder => $"src/{System.IO.Path.GetFileName(folder)}/README.md")
            .Where(path => File.Exists(System.IO.Path.Combine(Root, path))).Order(StringComparer.Ordinal),
    ];

    /// <summary>The page's path from the root, with slashes.</summary>
    public string Path { get; }

    /// <summary>The whole text.</summary>
    public string Text { get; }

    /// <summary>The fenced blocks, in order.</summary>
    public IReadOnlyList<Block> Blocks { get; }

    /// <summary>The path of the context's file.</summary>
    public string ContextPath { get; }

    /// <summary>The context; empty where the page has none. The page's fragments run where it has the comment <c>// blocks</c>.</summary>
    public Block Context { get; }

    /// <summary>The blocks in C#.</summary>
    public IEnumerable<Block> Code => Blocks.Where(b => b.Language == "csharp");

    /// <summary>Blocks that are no whole files: they are compiled in the context, each as a local function.</summary>
    public IEnumerable<Block> Fragments => Code.Where(b => !b.IsFile);

    /// <summary>Reads a page.</summary>
    /// <param name="path">Its path from the root.</param>
    public static Page Open(string path) => new(path);

    /// <summary>What the page says that a block prints: the block of text that follows it; null where there is none.</summary>
    /// <param name="line">The line of the block.</param>
    public string? Output(int line)
    {
        var index = Blocks.ToList().FindIndex(b => b.Line == line);
        return index >= 0 && index + 1 < Blocks.Count && Blocks[index + 1] is { Language: "text" } next ? next.Text : null;
    }

    private static IEnumerable<Block> Read(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith("```", StringComparison.Ordinal)) continue;
            var words = lines[i][3..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var first = i + 1;
            for (i++; i < lines.Length && !lines[i].StartsWith("```", StringComparison.Ordinal);) i++;
            yield return new(words.FirstOrDefault() ?? "", [.. words.Skip(1)], first + 1, string.Join('\n', lines[first..i]) + "\n");
        }
    }

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        // A deterministic build writes the path as /_/…: then the folder is found from where the tests run.
        for (var folder = new DirectoryInfo(File.Exists(thisFile) ? System.IO.Path.GetDirectoryName(thisFile)! : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "EventSourcing.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException("EventSourcing.sln was not found above the tests.");
    }
}
