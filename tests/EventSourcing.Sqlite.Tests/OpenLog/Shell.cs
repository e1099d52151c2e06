using System.Diagnostics;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>The sqlite3 shell of the system: a SQLite of another version, in another process.</summary>
internal static class Shell
{
    private const string Program = "/usr/bin/sqlite3";

    /// <summary>Runs a script on a file and returns its output. Skips the test where there is no shell.</summary>
    internal static string Run(string path, string script) => TryRun(path, script, out var output, out var errors)
        ? output
        : throw new InvalidOperationException($"sqlite3 says: {errors}");

    /// <summary>The errors that a script gave; every statement is run.</summary>
    internal static string Errors(string path, string script)
    {
        TryRun(path, script, out _, out var errors);
        return errors;
    }

    /// <summary>Has the file open in another process while work is done.</summary>
    internal static void WhileOpen(string path, Action work)
    {
        using var shell = Start(path);
        shell.StandardInput.WriteLine("SELECT count(*) FROM events;");
        shell.StandardOutput.ReadLine();
        work();
        shell.StandardInput.Close();
        shell.WaitForExit();
    }

    private static Process Start(string path)
    {
        if (!File.Exists(Program)) Assert.Ignore($"There is no {Program} on this machine.");
        return Process.Start(new ProcessStartInfo(Program, [path])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static bool TryRun(string path, string script, out string output, out string errors)
    {
        using var shell = Start(path);
        var reading = shell.StandardError.ReadToEndAsync();
        var writing = Task.Run(() =>
        {
            shell.StandardInput.WriteLine(".timeout 5000");
            shell.StandardInput.Write(script);
            shell.StandardInput.Close();
        });
        output = shell.StandardOutput.ReadToEnd().TrimEnd('\n');
        shell.WaitForExit();
        writing.GetAwaiter().GetResult();
        errors = reading.GetAwaiter().GetResult();
        return shell.ExitCode == 0 && errors.Length == 0;
    }
}
