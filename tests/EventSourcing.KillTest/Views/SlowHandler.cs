using System.Globalization;

namespace EventSourcing.KillTest.Views;

/// <summary>Makes the handlers of a process slow where it was asked for by an environment variable, and says once per batch that one is at work.</summary>
internal static class SlowHandler
{
    internal const string Variable = "VIEWS_HANDLER_MILLISECONDS";

    private static readonly int s_wait = int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out var wait) ? wait : 0;
    private static int s_handled;

    /// <summary>Called by a handler.</summary>
    internal static void Handle()
    {
        if (s_wait == 0) return;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"handling {Interlocked.Increment(ref s_handled)}"));
        Thread.Sleep(s_wait);
    }
}
