using System.Diagnostics;
using EventSourcing.KillTest;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

/// <summary>Another process that opens a log and does what it is told; killed at the end, if it is there still.</summary>
internal sealed class OpeningProcess : IDisposable
{
    private readonly Process _process;

    private OpeningProcess(string program, string[] arguments) =>
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    internal static OpeningProcess Start(string path) => new("dotnet", Program(path, "writing"));

    /// <summary>In a mount namespace of its own, after a script that runs as root there.</summary>
    internal static OpeningProcess StartAfter(string script, string path, string mode = "writing")
    {
        RequireRoot();
        return new("unshare", ["-m", "sh", "-ec", script + "\nexec dotnet \"$@\"", "sh", .. Program(path, mode)]);
    }

    /// <summary>As a user that may do nothing but what everybody may. It finds log and program at places of its own, because those on the way to them may be closed to it.</summary>
    internal static OpeningProcess StartAsNobody(string path, string mode)
    {
        RequireRoot();
        const string script = """
            mount -t tmpfs -o mode=755 none /mnt
            mkdir /mnt/log /mnt/program
            mount --bind "$1" /mnt/log
            mount --bind "$2" /mnt/program
            shift 2
            exec setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp DOTNET_CLI_HOME=/tmp dotnet "$@"
            """;
        string[] program = Program($"/mnt/log/{Path.GetFileName(path)}", mode);
        program[0] = $"/mnt/program/{Path.GetFileName(program[0])}";
        return new("unshare", ["-m", "sh", "-ec", script, "sh", Path.GetDirectoryName(path)!, AppContext.BaseDirectory, .. program]);
    }

    /// <summary>The next thing that it says.</summary>
    internal string Answer() => _process.StandardOutput.ReadLine() ?? $"ended: {_process.StandardError.ReadToEnd()}";

    internal string Tell(string order)
    {
        _process.StandardInput.WriteLine(order);
        return Answer();
    }

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private static string[] Program(string path, string mode) => [typeof(OpenRun).Assembly.Location, "open", path, mode];

    private static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Ignore("Mounts and other users need root.");
    }
}
