namespace Orders.Commands;

/// <summary>Shows how far a command is: a bar drawn in place on a terminal, a line every tenth elsewhere.</summary>
internal sealed class ProgressDisplay(Screen screen, int total, string what)
{
    private const int Width = 40;
    private int _shown;

    internal void Show(int done)
    {
        var percent = (int)(100L * done / total);
        var step = screen.IsTerminal ? 1 : 10;
        if (percent < _shown + step) return;
        _shown = percent;
        if (!screen.IsTerminal)
        {
            screen.Out.WriteLine($"{percent,3}% {done:N0} of {total:N0} {what}");
            return;
        }

        var filled = percent * Width / 100;
        screen.Out.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {percent,3}%{(percent == 100 ? "\n" : "")}");
        screen.Out.Flush();
    }
}
