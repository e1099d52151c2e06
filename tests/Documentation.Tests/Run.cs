using System.Diagnostics;
using System.Reflection;
using NUnit.Framework;

namespace EventSourcing.Documentation.Tests;

/// <summary>The run of a page in an empty folder: what each block has printed. Its static members are called by compiled pages.</summary>
public sealed class Run : IDisposable
{
    private static Run? s_current;

    private readonly Dictionary<int, StringWriter> _printed = [];
    private readonly TextWriter _console = Console.Out;
    private readonly string _folder = Environment.CurrentDirectory;
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("eventsourcing-documentation-");
    private readonly Page _page;

    private Run(Page page)
    {
        _page = page;
        s_current = this;
        Environment.CurrentDirectory = _scratch.FullName;
    }

    /// <summary>Runs what the page marks as run: whole programs in their order, then the fragments in their context.</summary>
    internal static async Task<IReadOnlyDictionary<int, string>> PageAsync(Page page)
    {
        using var run = new Run(page);
        foreach (var block in page.Blocks.Where(b => b.IsRun))
            if (block is { Language: "csharp", IsFile: true }) await run.FileAsync(block);
            else if (block.Language == "sh" && page.Context.Statements.Count == 0) Shell(block.Line);
        if (page.Fragments.Any(f => f.IsRun) || page.Context.Statements.Count > 0) await StartAsync(Compiler.Load(Compiler.Fragments(page)!));
        return run._printed.ToDictionary(p => p.Key, p => p.Value.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>What is printed from now on belongs to the block on this line.</summary>
    public static void Begin(int line) => Console.SetOut(s_current!._printed[line] = new());

    /// <summary>Runs the shell script on this line.</summary>
    public static void Shell(int line)
    {
        Begin(line);
        if (!File.Exists("/bin/sh") || !File.Exists("/usr/bin/sqlite3")) Assert.Ignore("There is no shell, or no sqlite3, on this machine.");
        var script = s_current!._page.Blocks.Single(b => b.Line == line).Text;
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-e", "-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Console.Write(shell.StandardOutput.ReadToEnd());
        var errors = shell.StandardError.ReadToEnd();
        shell.WaitForExit();
        if (shell.ExitCode != 0 || errors.Length > 0) throw new InvalidOperationException($"The script on line {line} ended with {shell.ExitCode}: {errors}");
    }

    /// <summary>Runs the shell script of this name.</summary>
    public static void Shell(string name) => Shell(s_current!._page.Blocks.Single(b => b.Language == "sh" && b.Name == name).Line);

    /// <summary>Runs SQL on a file as a tool does.</summary>
    public static void Sql(string path, string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Console.SetOut(_console);
        Environment.CurrentDirectory = _folder;
        s_current = null;
        _scratch.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    private async Task FileAsync(Block file)
    {
        Begin(file.Line);
        var assembly = Compiler.Load(Compiler.File(_page, file, file.IsWeb));
        if (file.Statements.Count > 0) await StartAsync(assembly);
        else
            foreach (var test in assembly.GetTypes().SelectMany(t => t.GetMethods()).Where(m => m.GetCustomAttribute<TestAttribute>() is not null))
                if (test.Invoke(Activator.CreateInstance(test.DeclaringType!), null) is Task task) await task;
    }

    private static async Task StartAsync(Assembly program)
    {
        // The entry point of an asynchronous program blocks; the method that it calls is beside it.
        var main = program.EntryPoint!;
        main = main.DeclaringType!.GetMethod("<Main>$", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public) ?? main;
        try
        {
            if (main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]) is Task task) await task;
        }
        catch (TargetInvocationException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(e.InnerException!).Throw();
        }
    }
}
