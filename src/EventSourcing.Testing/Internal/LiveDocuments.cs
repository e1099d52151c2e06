using System.Text.Json;

namespace EventSourcing.Testing.Internal;

/// <summary>The documents of given events as live views fold them.</summary>
internal sealed class LiveDocuments(IEventStore store)
{
    /// <summary>The document of a key as JSON; null when there is none.</summary>
    /// <returns>False for a projection that cannot be live.</returns>
    internal bool TryFind<TRow>(Projection<TRow> projection, string key, out byte[]? json) where TRow : class
    {
        json = null;
        ViewSet set;
        try
        {
            set = new(projection.Name, projection.Version, projection) { Mode = ViewMode.Live };
        }
        catch (Exception e) when (e is NotSupportedException or ArgumentException)
        {
            // It needs more than the events of one key, or other projections of its set.
            return false;
        }

        var views = new EventViews(store, [set]);
        var row = ProjectionRun.Blocking(async () =>
        {
            await using var _ = views.ConfigureAwait(false);
            return await views.View<TRow>().FindAsync(key).ConfigureAwait(false);
        });
        json = row is null ? null : JsonSerializer.SerializeToUtf8Bytes(row, projection.Contract);
        return true;
    }
}
