using System.Text;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Internal;

/// <summary>Runs a view set over given events, in each mode that it can have: all lead to the same documents.</summary>
internal static class ProjectionRun
{
    /// <summary>The documents of the events, or what stopped the projections.</summary>
    /// <exception cref="SpecificationException">An event or a document differs when it is read back, or another mode gives other documents.</exception>
    internal static ProjectionOutcome Run(EventTypeMap types, IReadOnlyList<object> given, TimeProvider? timeProvider, ViewSet set)
    {
        set = In(ViewMode.Async, set);
        // All runs get the same envelopes: the same ids, and one time.
        var clock = new StoppedClock((timeProvider ?? TimeProvider.System).GetUtcNow());
        object[] events = [.. given.Select(e => (e as EventData ?? new EventData(e)) is { Id: null } data ? data.WithId(Guid.CreateVersion7(clock.GetUtcNow())) : e)];
        var stage = new Stage(types, events, clock);
        stage.ThrowIfLost();
        var refusal = CatchUp(stage, set);
        if (refusal is not null) return new(set, [.. set.Projections.Select((projection, table) => new ProjectedTable(projection, Documents(null, table)))], refusal);
        var tables = Read(stage.Store.Log.Find<IViewStorage>()!, set);
        ThrowIfDifferent(tables, Inline(types, events, clock, set));
        return new(set, tables, null) { Live = new(stage.Store) };
    }

    private static ViewSet In(ViewMode mode, ViewSet set) => set.Mode == mode ? set : new(set.Name, set.Version, set.Projections) { Mode = mode };

    // Every document is written after each event and read back before the next one: what it does not store is lost.
    private static IReadOnlyList<ProjectedTable> Inline(EventTypeMap types, IReadOnlyList<object> events, TimeProvider clock, ViewSet set)
    {
        var stage = new Stage(types, [], clock);
        try
        {
            Blocking(async () =>
            {
                var views = new EventViews(stage.Store, [In(ViewMode.Inline, set)]);
                await using var _ = views.ConfigureAwait(false);
                await views.StartAsync().ConfigureAwait(false);
                foreach (var e in events) stage.Give(e);
            });
        }
        catch (ViewException refusal)
        {
            throw new SpecificationException(
                "The projection failed as an inline view, whose documents are read back before each event, and did not fail as an async one. A handler depends on the event and on what the document stores only.",
                "documents",
                refusal.Message,
                refusal);
        }

        return Read(stage.Store.Log.Find<IInlineViews>()!.Storage, set);
    }

    private static void ThrowIfDifferent(IReadOnlyList<ProjectedTable> first, IReadOnlyList<ProjectedTable> second)
    {
        foreach (var (left, right) in first.Zip(second))
            foreach (var key in left.Documents.Keys.Union(right.Documents.Keys).Order(RecordKey.Order))
            {
                var (expected, found) = (left.Documents.GetValueOrDefault(key), right.Documents.GetValueOrDefault(key));
                if (expected is not null && found is not null && expected.AsSpan().SequenceEqual(found)) continue;
                var difference = expected is null || found is null ? "one of them is missing" : EventDifference.FindInJson(expected, found) ?? "the order of properties";
                throw new SpecificationException(
                    $"Document '{key}' of projection '{left.Projection.Name}' differs when the same events are handled as an inline view, with each document read back before the next event: {difference}. A handler depends on the event and on what the document stores only.",
                    Text(expected),
                    Text(found));
            }

        static string Text(byte[]? json) => json is null ? "no document" : Encoding.UTF8.GetString(json);
    }

    /// <summary>Runs the set up to the head of the log, as an application does.</summary>
    private static ViewException? CatchUp(Stage stage, ViewSet set)
    {
        try
        {
            Blocking(async () =>
            {
                var views = new EventViews(stage.Store, [set]);
                await using (views.ConfigureAwait(false)) await views.CatchUpAsync().ConfigureAwait(false);
            });
            return null;
        }
        catch (EventSourcingException e) when (ViewExceptionOf(e) is not null)
        {
            return ViewExceptionOf(e);
        }
    }

    // The subscription that runs the set reports what stopped it.
    private static ViewException? ViewExceptionOf(Exception? e)
    {
        while (e is SubscriptionException) e = e.InnerException;
        return e as ViewException;
    }

    private static IReadOnlyList<ProjectedTable> Read(IViewStorage storage, ViewSet set)
    {
        // A log without events needs no build.
        using var build = storage.FindBuilds() is [.., var last] ? storage.Open(last, set.Tables) : null;
        using var snapshot = build?.OpenSnapshot();
        return [.. set.Projections.Select((projection, table) => new ProjectedTable(projection, Documents(snapshot, table)))];
    }

    private static Dictionary<string, byte[]> Documents(IViewSnapshot? snapshot, int table) => snapshot is null
        ? []
        : snapshot.Read(new() { Table = table, Max = int.MaxValue }).ToDictionary(row => row.Key, row => row.Json.ToArray(), StringComparer.Ordinal);

    // On the thread pool, where nothing waits for the thread of the test.
    private static void Blocking(Func<Task> run) => Blocking(async () =>
    {
        await run().ConfigureAwait(false);
        return true;
    });

    internal static T Blocking<T>(Func<Task<T>> run) =>
#pragma warning disable RS0030 // A specification is synchronous.
        Task.Run(run).GetAwaiter().GetResult();
#pragma warning restore RS0030

    private sealed class StoppedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
