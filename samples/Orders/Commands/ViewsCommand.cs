using EventSourcing;
using Orders.Views;

namespace Orders.Commands;

/// <summary><c>views --db FILE</c>: each view set with its mode, its state and its file, fields separated by tabs. Nothing is built or brought up to date.</summary>
internal static class ViewsCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        await using var store = Stores.OpenForReading(args.Get("--db"));
        await using var views = ShopViews.On(store);
        await screen.Out.WriteLineAsync("set\tversion\tmode\tstate\tposition\tlag\tsize\tfile");
        foreach (var status in await views.GetStatusAsync(cancellationToken)) await screen.Out.WriteLineAsync(Screen.OneRow(
            status.Set, $"{status.Version}", ModeOf(status), StateOf(status), $"{status.Position}", $"{status.Lag:N0} events", status.Bytes is { } bytes ? $"{bytes:N0} bytes" : "", status.Path ?? ""));
        return 0;
    }

    private static string ModeOf(ViewStatus status) => status.IsDeclared ? status.Mode.ToString().ToLowerInvariant() : "";

    private static string StateOf(ViewStatus status) =>
        !status.IsDeclared ? "of another program version"
        : status.Build == 0 ? "not built"
        : !File.Exists(status.Path) ? "missing, to be built again"
        : status.Stall is { } reason ? $"stalled: {reason}"
        : status.Lag == 0 ? "up to date" : "behind";
}
