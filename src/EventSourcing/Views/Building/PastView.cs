using System.Runtime.CompilerServices;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Views.Folding;

namespace EventSourcing.Views.Building;

/// <summary>Builds a set as it was at two points in the past, in a temporary place that is removed afterwards, and reads what differs.</summary>
internal sealed class PastView(ViewContext context, ViewSet set)
{
    /// <summary>The documents of a table that are not the same at two positions, in order of their keys. One replay builds both: the first is a snapshot that is opened on the way.</summary>
    internal async IAsyncEnumerable<RowPair> CompareAsync(ViewBuilder builder, int table, GlobalPosition first, GlobalPosition second, IProgress<ViewProgress>? progress, LeaseScope scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var storage = context.Directory.Storage;
        var logId = await context.Directory.GetLogIdAsync(scope.Token).ConfigureAwait(false);
        var id = await context.Directory.NextBuildAsync(set, scope.Lease, scope.Token).ConfigureAwait(false);
        using var place = storage.Create(id, logId, set.Tables);
        try
        {
            using var fold = new SetFold(set, place.OpenWriter(scope.Lease.Epoch) ?? throw scope.Lease.Error(), context.Options.MaxCacheBytes, checksDocuments: false);
            var meter = new ProgressMeter(progress, context.Time, fold.Position);
            await builder.FoldThroughAsync(fold, first, meter, scope).ConfigureAwait(false);
            using var before = place.OpenSnapshot();
            await builder.FoldThroughAsync(fold, second, meter, scope).ConfigureAwait(false);
            using var after = place.OpenSnapshot();
            meter.Report(second, second, isEnd: true);
            foreach (var pair in RowPair.Of(before, after, table))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (pair is { First: { } one, Second: { } other } && one.Json.Span.SequenceEqual(other.Json.Span)) continue;
                yield return pair;
            }
        }
        finally
        {
            place.Dispose();
            storage.TryRemove(id);
        }
    }
}
