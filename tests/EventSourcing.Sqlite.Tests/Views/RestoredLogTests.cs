using EventSourcing.Tests.Shared;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>Views of a log that is restored to an older state while it is open.</summary>
public sealed class RestoredLogTests
{
    [Test]
    public async Task View_that_was_read_just_before_is_refused_and_right_after_a_rebuild()
    {
        using var file = new TemporaryFile();
        await using var store = SqliteEventStore.Open(file.Path, ViewShop.Types);
        await using var views = new EventViews(store, [new ItemCounts()]);
        var items = views.View<Counted>();
        await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        await views.CatchUpAsync();
        var backup = Path.Combine(file.Folder, "backup.db");
        await ((SqliteEventLog)store.Log).BackupAsync(backup);
        await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 2)]);
        await views.CatchUpAsync();
        Assert.That((await items.FindAsync("a"))!.Count, Is.EqualTo(3));

        Restore(backup, file.Path);
        Assert.That(async () => await items.FindAsync("a"), Throws.InstanceOf<LogDivergedException>());
        await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 4)]);
        Assert.That(async () => await items.FindAsync("a"), Throws.InstanceOf<LogDivergedException>(), "the log has another event at the view's position");
        await views.RebuildAsync("item-counts");
        Assert.That((await items.FindAsync("a"))!.Count, Is.EqualTo(5));
    }

    private static void Restore(string backup, string path)
    {
        using var source = new SqliteConnection($"Data Source={backup};Pooling=False");
        using var target = new SqliteConnection($"Data Source={path};Pooling=False");
        source.Open();
        target.Open();
        source.BackupDatabase(target);
    }
}
