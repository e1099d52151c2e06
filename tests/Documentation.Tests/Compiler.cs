using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace EventSourcing.Documentation.Tests;

/// <summary>Compiles the blocks of pages as a user's project would, the generator of JSON contracts included, and runs them.</summary>
internal static class Compiler
{
    private const string ConsoleUsings = "System System.IO System.Linq System.Collections.Generic System.Net.Http System.Threading System.Threading.Tasks";

    private const string WebUsings =
        "System.Net.Http.Json Microsoft.AspNetCore.Builder Microsoft.AspNetCore.Hosting Microsoft.AspNetCore.Http Microsoft.AspNetCore.Routing Microsoft.Extensions.Configuration Microsoft.Extensions.DependencyInjection Microsoft.Extensions.Hosting Microsoft.Extensions.Logging";

    private static readonly MetadataReference[] s_references =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => MetadataReference.CreateFromFile(file))];

    private static readonly ISourceGenerator[] s_generators = [.. new AnalyzerFileReference(
        Path.Combine(AppContext.BaseDirectory, "generators", "System.Text.Json.SourceGeneration.dll"), new Loader()).GetGenerators(LanguageNames.CSharp)];

    /// <summary>How blocks are parsed.</summary>
    internal static CSharpParseOptions ParseOptions { get; } = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Latest);

    /// <summary>The page's fragments in their context, as one program; null where the page has neither.</summary>
    internal static Compilation? Fragments(Page page)
    {
        var fragments = page.Fragments.ToList();
        if (fragments.Count == 0 && page.Context.Text.Length == 0) return null;
        var marker = page.Context.Text.Split('\n').ToList().FindIndex(line => line.Trim() == "// blocks");
        var statements = page.Context.Statements;
        var before = statements.Where(s => s.SyntaxTree.GetLineSpan(s.Span).StartLinePosition.Line < marker);
        var functions = fragments.Where(f => f.Statements.Count > 0).Select(f => $"async System.Threading.Tasks.Task {f.Name}()\n{{\n{f.Lines(page.Path, f.Statements)}}}\n");
        var calls = marker < 0 ? [] : page.Blocks.Where(b => b.IsRun).Select(b => b switch
        {
            { Language: "csharp", IsFile: false, Statements.Count: > 0 } => $"EventSourcing.Documentation.Tests.Run.Begin({b.Line}); await {b.Name}();\n",
            { Language: "sh" } => $"EventSourcing.Documentation.Tests.Run.Shell({b.Line});\n",
            _ => "",
        });
        var usings = string.Concat(page.Context.Root.Usings.Select(u => u.ToFullString()));
        var program = $"{usings}{page.Context.Lines(page.ContextPath, before)}{string.Concat(calls)}{page.Context.Lines(page.ContextPath, statements.Except(before))}" +
            $"await System.Threading.Tasks.Task.CompletedTask;\n{string.Concat(functions)}{page.Context.Lines(page.ContextPath, page.Context.Types)}";
        return Compile(isWeb: true, [program, .. TypesOf(page, page.Code, page.Context.TypeNames, Page.Shop)]);
    }

    /// <summary>A block that is a whole file, with the types of the blocks before it.</summary>
    internal static Compilation File(Page page, Block file, bool isWeb) =>
        Compile(isWeb, [$"#line {file.Line} \"{page.Path}\"\n{file.Text}", .. TypesOf(page, page.Code.TakeWhile(b => b != file), file.TypeNames)]);

    /// <summary>The compiler's errors, each with its place in the page.</summary>
    internal static IReadOnlyList<string> Errors(Compilation? compilation) => compilation is null ? [] :
        [.. compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error).Select(d =>
            $"{d.Location.GetMappedLineSpan().Path}({d.Location.GetMappedLineSpan().StartLinePosition.Line + 1}): {d.Id}: {d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}")];

    /// <summary>Loads the compiled program.</summary>
    internal static Assembly Load(Compilation compilation)
    {
        using var image = new MemoryStream();
        var emitted = compilation.Emit(image);
        if (!emitted.Success) throw new InvalidOperationException(string.Join('\n', Errors(compilation)));
        image.Position = 0;
        return new AssemblyLoadContext(null, isCollectible: true).LoadFromStream(image);
    }

    // The types of each block in a file of its own, with the block's usings, or the context's where it is no whole file. A name that was declared already is not declared again.
    private static IEnumerable<string> TypesOf(Page page, IEnumerable<Block> blocks, IEnumerable<string> declared, params IEnumerable<Block> more)
    {
        var known = declared.ToHashSet();
        foreach (var block in blocks.Concat(more))
        {
            var types = block.Types.Where(t => t is not BaseTypeDeclarationSyntax named || known.Add(named.Identifier.Text)).ToList();
            if (types.Count == 0) continue;
            yield return string.Concat((block.IsFile ? block : page.Context).Root.Usings.Select(u => u.ToFullString())) + block.Lines(block == Page.Shop ? "tests/Documentation.Tests/Pages/Shop.cs" : page.Path, types);
        }
    }

    private static Compilation Compile(bool isWeb, IEnumerable<string> sources)
    {
        var trees = sources.Prepend(string.Concat($"{ConsoleUsings} {(isWeb ? WebUsings : "")}".Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => $"global using {name};\n")))
            .Select((source, i) => CSharpSyntaxTree.ParseText(source, ParseOptions, path: $"{i}.cs")).ToList();
        var isProgram = trees.Any(t => t.GetCompilationUnitRoot().Members.Any(m => m is GlobalStatementSyntax));
        var compilation = CSharpCompilation.Create($"Page{Guid.NewGuid():N}", trees, s_references,
            new(isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        CSharpGeneratorDriver.Create(s_generators, parseOptions: ParseOptions).RunGeneratorsAndUpdateCompilation(compilation, out var generated, out _);
        return generated;
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
