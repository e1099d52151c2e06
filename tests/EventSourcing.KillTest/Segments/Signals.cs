using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EventSourcing.KillTest.Segments;

/// <summary>Freezes processes and lets them go on; signals by the numbers of Linux (signal(7)).</summary>
internal static class Signals
{
    private const int Continue = 18, Stop = 19;

    internal static void Freeze(Process process) => Send(process, Stop);

    internal static void Thaw(Process process) => Send(process, Continue);

    private static void Send(Process process, int signal)
    {
        if (Kill(process.Id, signal) != 0) throw new InvalidOperationException($"Signal {signal} was not sent: error {Marshal.GetLastPInvokeError()}.");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
