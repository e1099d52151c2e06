using System.Diagnostics;

namespace EventSourcing.LoadTests;

/// <summary>This program as another process.</summary>
internal static class ThisProgram
{
    /// <summary>Starts it with arguments; its input is the caller's to write and to close.</summary>
    public static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [.. Assembly(), .. arguments]) { RedirectStandardInput = true })!;

    // Started as `dotnet program.dll`, or as a program of its own.
    private static string[] Assembly() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ThisProgram).Assembly.Location] : [];
}
