using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Documentation.Tests;

/// <summary>A fenced block of a page. Its fence says the language, then <c>run</c> when it is run, <c>web</c> when a program is one of a web project, and a name under which the page's context may call it.</summary>
/// <param name="Language">The first word of the fence.</param>
/// <param name="Words">The other words of the fence.</param>
/// <param name="Line">The number of the block's first line in the page, from 1.</param>
/// <param name="Text">The block's text.</param>
public sealed record Block(string Language, IReadOnlyList<string> Words, int Line, string Text)
{
    /// <summary>True when the tests run the block.</summary>
    public bool IsRun => Words.Contains("run");

    /// <summary>True when the block belongs to a project of <c>Microsoft.NET.Sdk.Web</c>.</summary>
    public bool IsWeb => Words.Contains("web");

    /// <summary>The name of the local function that the block becomes.</summary>
    public string Name => Words.FirstOrDefault(word => word is not ("run" or "web")) ?? $"Block{Line}";

    /// <summary>The syntax of a block in C#.</summary>
    public CompilationUnitSyntax Root => _root ??= CSharpSyntaxTree.ParseText(Text, Compiler.ParseOptions).GetCompilationUnitRoot();

    private CompilationUnitSyntax? _root;

    /// <summary>True when the block is a whole file, which says its usings. Other blocks are fragments, in the context of their page.</summary>
    public bool IsFile => Root.Usings.Count > 0;

    /// <summary>The block's top-level statements.</summary>
    public IReadOnlyList<GlobalStatementSyntax> Statements => [.. Root.Members.OfType<GlobalStatementSyntax>()];

    /// <summary>The block's types.</summary>
    public IReadOnlyList<MemberDeclarationSyntax> Types => [.. Root.Members.Where(m => m is not GlobalStatementSyntax)];

    /// <summary>The names of the block's types.</summary>
    public IEnumerable<string> TypeNames => Types.OfType<BaseTypeDeclarationSyntax>().Select(t => t.Identifier.Text);

    /// <summary>The library's namespaces that the block imports.</summary>
    public IEnumerable<string> UsingsOfOurs => Root.Usings.Select(u => u.Name?.ToString() ?? "").Where(name => name.Split('.')[0] == "EventSourcing");

    /// <summary>The lines of these members with the numbers that they have in the page.</summary>
    /// <param name="page">The page's path, for the compiler's messages.</param>
    /// <param name="members">Members of <see cref="Root"/>.</param>
    public string Lines(string page, IEnumerable<MemberDeclarationSyntax> members) => string.Concat(members.Select(member =>
        $"#line {Line + member.SyntaxTree.GetLineSpan(member.FullSpan).StartLinePosition.Line} \"{page}\"\n{member.ToFullString().TrimEnd()}\n#line default\n"));
}
