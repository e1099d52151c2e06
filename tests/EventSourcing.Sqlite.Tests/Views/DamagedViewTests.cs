using EventSourcing.Tests.Shared;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>A view with a document that cannot be read.</summary>
public sealed class DamagedViewTests
{
    private const string Set = "item-counts";

    [Test]
    public async Task View_that_paused_at_a_damaged_document_continues_in_the_rebuilt_place()
    {
        using var file = new TemporaryFile();
        await using var store = SqliteEventStore.Open(file.Path, ViewShop.Types);
        await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1)]);
        await using (var before = new EventViews(store, [new ItemCounts()]))
        {
            await before.CatchUpAsync();
            Damage((await before.GetStatusAsync()).Single().Path!);
        }

        await using var bus = new EventBus(store, new() { LeaseTimeout = TimeSpan.FromSeconds(1) });
        await using var views = new EventViews(bus, [new ItemCounts()]);
        await views.StartAsync();
        var second = await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 2)]);
        Assert.That(async () => await views.WaitForPositionAsync(Set, second.LastPosition).WaitAsync(Signal.Patience), Throws.InstanceOf<SubscriptionException>());

        await views.RebuildAsync(Set);
        var third = await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 4)]);
        await UntilAsync(async () => (await views.GetStatusAsync()).Single().Position >= third.LastPosition);
        Assert.That((await views.View<Counted>().FindAsync("a"))!.Count, Is.EqualTo(7));
    }

    private static async Task UntilAsync(Func<Task<bool>> isTrue)
    {
        using var patience = new CancellationTokenSource(Signal.Patience);
        while (!await isTrue()) await Task.Delay(10, patience.Token);
    }

    private static void Damage(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE es_rows_0 SET json = x'00'";
        command.ExecuteNonQuery();
    }
}
