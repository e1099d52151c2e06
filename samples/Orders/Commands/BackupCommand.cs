using EventSourcing.Sqlite;

namespace Orders.Commands;

/// <summary><c>backup --db FILE --to FILE</c>: the store as it is now in a new file, while others work on.</summary>
internal static class BackupCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        var (db, to) = (args.Get("--db"), args.Get("--to"));
        var result = await Stores.BackupAsync(db, to, new Shown(screen), cancellationToken);
        await screen.Out.WriteLineAsync(
            $"{Screen.OneLine(to)} has the events through position {result.Head}: {result.Bytes:N0} bytes in {result.Duration.TotalSeconds:N2} s; 'verify --db' examines it");
        return 0;
    }

    // Progress<T> would report from other threads, when the command may have ended.
    private sealed class Shown(Screen screen) : IProgress<BackupProgress>
    {
        private ProgressDisplay? _display;

        public void Report(BackupProgress value) => (_display ??= new(screen, value.PagesTotal, "pages copied")).Show(value.PagesDone);
    }
}
