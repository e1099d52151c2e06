using System.Diagnostics;
using EventSourcing;
using Orders.Views;

namespace Orders.Commands;

/// <summary><c>rebuild [VIEW] --db FILE</c>: builds one view set again from the log, or all. The present one serves until the new one is complete.</summary>
internal static class RebuildCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        var view = args.FindOperand();
        await using var store = Stores.OpenForReading(args.Get("--db"));
        await using var views = ShopViews.On(store);
        foreach (var set in SetsOf(views, view))
        {
            var watch = Stopwatch.StartNew();
            await views.RebuildAsync(set.Name, new Shown(screen), cancellationToken);
            await screen.Out.WriteLineAsync($"{set} is rebuilt in {watch.Elapsed.TotalSeconds:N2} s");
        }

        return 0;
    }

    // The name of a set, or of a projection, which is rebuilt with its set.
    private static IReadOnlyList<ViewSet> SetsOf(EventViews views, string? view)
    {
        if (view is null) return views.Sets;
        var set = views.Sets.FirstOrDefault(set => set.Name == view || set.Projections.Any(projection => projection.Name == view));
        return set is null ? throw new UsageException($"there is no view '{view}'; there are {string.Join(", ", views.Sets.Select(s => s.Name))}") : [set];
    }

    private sealed class Shown(Screen screen) : IProgress<ViewProgress>
    {
        private ProgressDisplay? _display;

        public void Report(ViewProgress value)
        {
            if (value.Head == default) return;
            _display ??= new(screen, value.Head.ToInt64(), "events");
            _display.Show(value.Position.ToInt64(), $"{value.Rate:N0} events/s{(value.TimeLeft is { } left ? $", {left.TotalSeconds:N0} s left" : "")}");
        }
    }
}
