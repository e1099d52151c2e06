using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

public sealed class SqliteViewTests : ViewTests
{
    private TemporaryFile _file = null!;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path);

    [TearDown]
    public void RemoveFile() => _file.Dispose();

    [TestCase(false)]
    [TestCase(true)]
    public async Task View_whose_file_is_deleted_is_built_again(bool isRunning)
    {
        await using var store = SqliteEventStore.Open(_file.Path + "2", ViewShop.Types);
        var bus = new EventBus(store, new() { LeaseTimeout = TimeSpan.FromMilliseconds(300) });
        await using var views = new EventViews(bus, [new ItemCounts()]);
        var last = await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 1), new Added("b", 2)]);
        if (isRunning) await views.StartAsync();
        await views.CatchUpAsync();
        Directory.Delete(_file.Path + "2.views", recursive: true);
        if (!isRunning) await views.StartAsync();
        (await views.View<Counted>().At(last.LastPosition).FindAsync("b").AsTask().WaitAsync(TimeSpan.FromSeconds(20)))!.Count.Should().Be(2);
        await views.RebuildAsync("item-counts");
        (await views.VerifyAsync("item-counts")).IsEqual.Should().BeTrue();
        await bus.DisposeAsync();
    }
}

public sealed class SqliteViewPropertyTests : ViewPropertyTests
{
    private TemporaryFile _file = null!;

    protected override int Histories => 15;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path, new() { Durability = Durability.ProcessCrashOnly });

    protected override void CloseLog() => _file.Dispose();
}

public sealed class SqliteViewMisuseTests : ViewMisuseTests
{
    private TemporaryFile _file = null!;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path);

    [TearDown]
    public void RemoveFile() => _file.Dispose();
}
