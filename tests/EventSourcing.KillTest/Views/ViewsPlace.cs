using System.Globalization;
using EventSourcing.Sqlite;

namespace EventSourcing.KillTest.Views;

/// <summary>The log of a run with its views, opened by this process.</summary>
internal sealed class ViewsPlace : IAsyncDisposable
{
    internal static readonly TimeSpan LeaseTimeout = TimeSpan.FromSeconds(1);

    private ViewsPlace(string folder, EventStore store, ViewSet[] sets, WhileBuilding whileBuilding)
    {
        (Folder, Store) = (folder, store);
        Bus = new(store, new() { LeaseTimeout = LeaseTimeout });
        Views = new(Bus, sets, new() { WhileBuilding = whileBuilding, WriteEvery = 50, MaxCacheBytes = 1 << 20 });
    }

    internal string Folder { get; }

    internal EventStore Store { get; }

    internal EventBus Bus { get; }

    internal EventViews Views { get; }

    internal static string LogOf(string folder) => Path.Combine(folder, "log.db");

    /// <summary>The number of the build in the name of its file.</summary>
    internal static long BuildOf(string path) => long.Parse(Path.GetFileNameWithoutExtension(path)[(Path.GetFileNameWithoutExtension(path).LastIndexOf('b') + 1)..], CultureInfo.InvariantCulture);

    internal static ViewsPlace Open(string folder, WhileBuilding whileBuilding = WhileBuilding.Wait) => new(folder, OpenStore(folder), Items.Sets(), whileBuilding);

    internal static EventStore OpenStore(string folder) => SqliteEventStore.Open(LogOf(folder), Items.Types, new() { BusyTimeout = TimeSpan.FromMinutes(1) });

    /// <summary>Appends events to many streams.</summary>
    internal async Task FillAsync(Random random, int events)
    {
        for (var i = 0; i < events;)
        {
            var some = new List<object>();
            while (some.Count < 100) some.AddRange(Items.Some(random).OfType<Stocked>());
            i += some.Count;
            await Task.WhenAll(some.Select(e => Store.AppendAsync(Items.Stream(random.Next(ViewsWorker.Streams)), ExpectedVersion.Any, [e]).AsTask()));
        }
    }

    internal async Task BackupAsync(string path) => await ((SqliteEventLog)Store.Log).BackupAsync(path);

    public async ValueTask DisposeAsync()
    {
        await Views.DisposeAsync();
        await Bus.DisposeAsync();
        await Store.DisposeAsync();
    }
}
