using System.Text;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Views.Folding;

namespace EventSourcing.Views.Building;

/// <summary>Compares the serving build of a set with a replay.</summary>
internal sealed class ViewVerifier(ViewContext context, ViewSet set)
{
    internal async Task<ViewVerification> VerifyAsync(ViewBuilder builder, IProgress<ViewProgress>? progress, LeaseScope scope)
    {
        var found = await context.Directory.FindAsync(set.Name, set.Version, scope.Token).ConfigureAwait(false);
        if (found is not { Record.Serving: > 0 and var number }) throw new ViewBuildingException(set.Name, set.Version);
        var id = new ViewBuildId(set.Name, set.Version, number);
        using var serving = context.Directory.Storage.Open(id, set.Tables) ?? throw new StoreCorruptException("it is missing", context.Directory.Storage.PathOf(id) ?? id.ToString());
        var next = await context.Directory.NextBuildAsync(set, scope.Lease, scope.Token).ConfigureAwait(false);
        using var replay = context.Directory.Storage.Create(next, await context.Directory.GetLogIdAsync(scope.Token).ConfigureAwait(false), set.Tables);
        try
        {
            return await CompareAsync(builder, serving, replay, progress, scope).ConfigureAwait(false);
        }
        finally
        {
            replay.Dispose();
            context.Directory.Storage.TryRemove(next);
        }
    }

    private async Task<ViewVerification> CompareAsync(ViewBuilder builder, IViewBuild serving, IViewBuild replay, IProgress<ViewProgress>? progress, LeaseScope scope)
    {
        using var fold = new SetFold(set, replay.OpenWriter(scope.Lease.Epoch) ?? throw scope.Lease.Error(), context.Options.MaxCacheBytes, checksDocuments: false);
        var meter = new ProgressMeter(progress, context.Time, fold.Position);
        // The long part runs without a snapshot, which would keep the view's write-ahead log from being reset.
        GlobalPosition position;
        using (var now = serving.OpenSnapshot()) position = now.Checkpoint.Position;
        await builder.FoldThroughAsync(fold, position, meter, scope).ConfigureAwait(false);
        using var view = serving.OpenSnapshot();
        if (view.Checkpoint.Position > position) await builder.FoldThroughAsync(fold, view.Checkpoint.Position, meter, scope).ConfigureAwait(false);
        meter.Report(fold.Position, fold.Position, isEnd: true);
        using var expected = replay.OpenSnapshot();
        return Compare(view, expected);
    }

    private ViewVerification Compare(IViewSnapshot view, IViewSnapshot expected)
    {
        var documents = 0L;
        for (var table = 0; table < set.Projections.Count; table++)
        {
            if (set.Projections[table] is TableProjection tables)
            {
                var first = tables.Tables.FindDifference(view, expected, out var rows);
                documents += rows;
                if (first is not null) return new(view.Checkpoint.Position, documents, new ViewDifference(tables.Name, first.Key, first.Found, first.Expected, first.Position));
                continue;
            }

            foreach (var (_, found, replayed) in RowPair.Of(view, expected, table))
            {
                documents++;
                if (DifferenceOf(set.Projections[table].Name, found, replayed) is { } difference) return new(view.Checkpoint.Position, documents, difference);
            }
        }

        return new(view.Checkpoint.Position, documents, null);
    }

    private static ViewDifference? DifferenceOf(string projection, StoredViewRow? found, StoredViewRow? expected)
    {
        if (found is { } f && expected is { } e) return f.Position == e.Position && f.Json.Span.SequenceEqual(e.Json.Span) ? null : new(projection, f.Key, Text(f), Text(e), e.Position);
        return found is { } only ? new(projection, only.Key, Text(only), null, only.Position) : new(projection, expected!.Value.Key, null, Text(expected.Value), expected.Value.Position);
    }

    private static string Text(StoredViewRow row) => Encoding.UTF8.GetString(row.Json.Span);
}
