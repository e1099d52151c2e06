namespace Orders.Commands;

/// <summary>Shows how far a command is: a bar drawn in place on a terminal, a line every tenth elsewhere.</summary>
internal sealed class ProgressDisplay(Screen screen, long total, string what)
{
    private const int Width = 40;
    private int _shown;

    /// <summary>Shows the progress.</summary>
    /// <param name="done">How much is done.</param>
    /// <param name="pace">How fast it is and how long it will take; empty where that is not known.</param>
    internal void Show(long done, string pace = "")
    {
        var percent = (int)Math.Min(100, 100 * done / total);
        var step = screen.IsTerminal ? 1 : 10;
        if (percent < _shown + step) return;
        _shown = percent;
        var rest = pace.Length > 0 ? $", {pace}" : "";
        if (!screen.IsTerminal)
        {
            screen.Out.WriteLine($"{percent,3}% {done:N0} of {total:N0} {what}{rest}");
            return;
        }

        var filled = percent * Width / 100;
        // What the line before had more of is overwritten.
        screen.Out.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {percent,3}%{rest,-40}{(percent == 100 ? "\n" : "")}");
        screen.Out.Flush();
    }
}
