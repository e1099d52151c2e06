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

    [Test]
    public async Task Views_of_a_log_that_is_opened_for_reading_only_are_read()
    {
        var path = _file.Path + "2";
        await using (var store = SqliteEventStore.Open(path, ViewShop.Types))
        {
            await using var views = new EventViews(store, [new ItemCounts()]);
            await store.AppendAsync("cart-1", ExpectedVersion.Any, [new Added("a", 3)]);
            await views.CatchUpAsync();
            await using var readOnly = SqliteEventStore.Open(path, ViewShop.Types, new() { ReadOnly = true });
            await using var read = new EventViews(readOnly, [new ItemCounts()]);
            (await read.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
        }

        await using var alone = SqliteEventStore.Open(path, ViewShop.Types, new() { ReadOnly = true });
        await using var reader = new EventViews(alone, [new ItemCounts()]);
        (await reader.View<Counted>().FindAsync("a"))!.Count.Should().Be(3);
        (await reader.GetStatusAsync()).Single().Stall.Should().BeNull();
        await ((Func<Task>)(() => reader.CatchUpAsync())).Should().ThrowAsync<StoreReadOnlyException>();
    }

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

[NonParallelizable]
public sealed class SqliteViewMemoryTests
{
    [TestCase(false)]
    [TestCase(true)]
    public async Task Memory_for_large_documents_is_limited(bool isRunning)
    {
        const int Documents = 300, Characters = 256 << 10;
        using var file = new TemporaryFile();
        await using var store = SqliteEventStore.Open(file.Path, ViewShop.Types, new() { Durability = Durability.ProcessCrashOnly });
        var projection = new LargeDocuments(Characters);
        await using var views = new EventViews(store, [projection], new() { MaxCacheBytes = 1 << 20 });
        if (isRunning) await views.StartAsync();
        await store.AppendAsync("cart-1", ExpectedVersion.Any, Enumerable.Range(0, Documents).Select(i => new Added($"{i}", 1)));
        await views.CatchUpAsync();
        (await views.View<CustomerCard>().All.CountAsync()).Should().Be(Documents);
        projection.Highest.Should().BeLessThan(projection.Lowest + (40L << 20), "all documents take 150 MiB");
    }

    private sealed class LargeDocuments : Projection<CustomerCard>
    {
        internal LargeDocuments(int characters) : base("large", 1, ViewShopJson.Default.CustomerCard)
        {
            Key<Added>((e, _) => e.Sku);
            On<Added>((_, e, envelope) =>
            {
                if (envelope.Version % 10 == 0)
                {
                    var used = GC.GetTotalMemory(forceFullCollection: true);
                    (Lowest, Highest) = (Math.Min(Lowest, used), Math.Max(Highest, used));
                }

                return new(e.Sku + new string('x', characters), 1, 1, 1);
            });
        }

        internal long Lowest { get; private set; } = long.MaxValue;

        internal long Highest { get; private set; }
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

public sealed class SqliteInlineViewTests : InlineViewTests
{
    private readonly List<TemporaryFile> _files = [];

    protected override IEventLog OpenLog()
    {
        _files.Add(new());
        return SqliteEventLog.Open(_files[^1].Path);
    }

    [TearDown]
    public void RemoveFiles()
    {
        foreach (var file in _files) file.Dispose();
        _files.Clear();
    }
}

public sealed class SqliteLiveViewTests : LiveViewTests
{
    private TemporaryFile _file = null!;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path);

    [TearDown]
    public void RemoveFile() => _file.Dispose();
}

public sealed class SqliteViewModePropertyTests : ViewModePropertyTests
{
    private TemporaryFile _file = null!;

    protected override int Histories => 15;

    protected override IEventLog OpenLog() => SqliteEventLog.Open((_file = new()).Path, new() { Durability = Durability.ProcessCrashOnly });

    protected override IEventLog OpenAnother(IEventLog log) => SqliteEventLog.Open(_file.Path, new() { Durability = Durability.ProcessCrashOnly });

    protected override void CloseLog() => _file.Dispose();
}
