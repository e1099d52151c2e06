using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

public sealed class SqliteViewChangeTests : ViewChangeTests
{
    private TemporaryFile _file = null!;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path, new() { Durability = Durability.ProcessCrashOnly });

    protected override IEventLog OpenAgain(IEventLog log) => SqliteEventLog.Open(_file.Path, new() { Durability = Durability.ProcessCrashOnly });

    [TearDown]
    public void RemoveFile() => _file.Dispose();

    [Test]
    public async Task Token_of_changes_that_a_power_cut_took_back_is_refused()
    {
        using var file = new TemporaryFile();
        await using var store = SqliteEventStore.Open(file.Path, ViewShop.Types);
        var copy = new Copy<OrderRow>("followed-orders");
        await WriteAsync("1");
        var view = Path.Combine(file.Path + ".views", "followed-orders.v1.b1.db");
        var older = File.ReadAllBytes(view);
        await WriteAsync("2");
        File.WriteAllBytes(view, older);
        // As many changes as before, with other batches.
        await using var views = new EventViews(store, [new FollowedOrders()]);
        await store.AppendAsync("order-2", ExpectedVersion.Any, [new Settled(1)]);
        await views.CatchUpAsync();
        (await copy.ShouldBeLostAsync(views)).Should().Contain("older state");

        async Task WriteAsync(string order)
        {
            await using var views = new EventViews(store, [new FollowedOrders()]);
            await views.CatchUpAsync();
            if (copy.Token.Length == 0) await copy.ReadAsync(views);
            await store.AppendAsync($"order-{order}", ExpectedVersion.Any, [new Placed("ann", 1)]);
            await views.CatchUpAsync();
            await copy.CatchUpAsync(views);
        }
    }
}

public sealed class SqliteViewChangePropertyTests : ViewChangePropertyTests
{
    private TemporaryFile _file = null!;

    protected override int Histories => 15;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path, new() { Durability = Durability.ProcessCrashOnly });

    protected override void CloseLog() => _file.Dispose();
}
