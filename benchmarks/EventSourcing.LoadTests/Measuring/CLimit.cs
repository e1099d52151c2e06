using System.Diagnostics;
using System.Globalization;
using EventSourcing.Benchmarks;
using SQLitePCL;

namespace EventSourcing.LoadTests.Measuring;

/// <summary>The C limit: a program compiled here and now, calling the very SQLite that this process has loaded.</summary>
internal sealed class CLimit : IDisposable
{
    private readonly string? _program;
    private readonly string _library;

    private CLimit(string? program, string library) => (_program, _library) = (program, library);

    /// <summary>False where there is no C compiler; rows of the limit then say so.</summary>
    public bool IsAvailable => _program is not null;

    public static CLimit Compile(string directory)
    {
        var source = Path.Combine(directory, $"climit-{Environment.ProcessId}.c");
        var program = Path.ChangeExtension(source, null);
        using (var embedded = typeof(CLimit).Assembly.GetManifestResourceStream("climit.c")!)
        using (var file = File.Create(source))
            embedded.CopyTo(file);
        try
        {
            // The library leaves its own need for libm and libpthread to whoever loads it.
            Run("cc", "-O2", "-o", program, source, "-Wl,--no-as-needed", "-ldl", "-lm", "-lpthread");
            return new(program, LoadedLibrary());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new(null, "");
        }
        finally
        {
            File.Delete(source);
        }
    }

    /// <summary>Appends to a fresh file.</summary>
    public Measurement Append(DatabaseFile file, string pragmas, Load load)
    {
        using (new AdoFloor(file.Path, pragmas, create: true)) { }
        return Measure("append", file.Path, pragmas, Text(load.Events), Text(load.PerCommit), Text(load.Streams), Text(load.PerStream), load.GuidNames ? "guid" : "short");
    }

    public Measurement ReadAll(string path, string pragmas) => Measure("read", path, pragmas);

    public Measurement ReadStreams(string path, string pragmas, int streams, int reads) => Measure("stream", path, pragmas, Text(streams), Text(reads));

    public void Dispose()
    {
        if (_program is not null) File.Delete(_program);
    }

    private Measurement Measure(string command, params ReadOnlySpan<string> arguments)
    {
        var numbers = Run(_program!, [command, _library, .. arguments]).Split(' ', StringSplitOptions.TrimEntries);
        return new() { Rate = Number(numbers[0]), Written = Number(numbers[1]) };
    }

    private static string LoadedLibrary()
    {
        Batteries_V2.Init();
        _ = raw.sqlite3_libversion_number();
        return File.ReadLines("/proc/self/maps").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).First(parts => parts.Length > 5 && parts[5].Contains("e_sqlite3", StringComparison.Ordinal))[5];
    }

    private static string Run(string program, params ReadOnlySpan<string> arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
