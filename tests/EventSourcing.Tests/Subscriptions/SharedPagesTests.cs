using EventSourcing.Following;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SharedPagesTests : IAsyncDisposable
{
    private const int Events = (SharedPages.PageSize * 3) + 10;

    private readonly CountingLog _log = new(new InMemoryEventLog());
    private readonly SharedPages _pages;

    private readonly SharedReader _one, _two;

    public SharedPagesTests()
    {
        _pages = new(_log);
        (_one, _two) = (new(_pages, null, SharedPages.PageSize), new(_pages, null, SharedPages.PageSize));
        _pages.Enter(_one);
        _pages.Enter(_two);
    }

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [SetUp]
    public async Task FillAsync() => await _log.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, Enumerable.Range(0, Events).Select(i => new LogEvent { Type = $"t{i % 2}", Data = new byte[] { 1 } }).ToArray()) },
    }, default);

    [Test]
    public async Task A_page_is_read_once_and_each_takes_its_own_events()
    {
        using var all = await _pages.TryReadAsync(501, default, null, default);
        using var some = await _pages.TryReadAsync(501, default, LogQuery.OfTypes("t1"), default);

        _log.Reads.Should().Be(1);
        Positions(all!).Should().Equal(Enumerable.Range(501, 500).Select(i => (long)i), "a page ends where a multiple of its size does");
        Positions(some!).Should().Equal(Enumerable.Range(501, 500).Where(i => i % 2 == 0).Select(i => (long)i));
        (all!.Next, all.IsLast, some!.Next, some.IsLast).Should().Be((1001, false, 1001, false));
    }

    [Test]
    public async Task What_lies_at_the_head_is_not_shared()
    {
        (await _pages.TryReadAsync(3001, default, null, default)).Should().BeNull();
        (await _pages.TryReadAsync(3001, default, null, default)).Should().BeNull();
        _log.Reads.Should().Be(2, "it is not kept either");
    }

    [Test]
    public async Task A_read_that_fails_is_its_own_reader_s_failure()
    {
        await FluentActions.Awaiting(() => _pages.TryReadAsync(1, default, null, new CancellationToken(canceled: true)).AsTask()).Should().ThrowAsync<OperationCanceledException>();
        using var page = await _pages.TryReadAsync(1, default, null, default);
        page!.Events.Length.Should().Be(SharedPages.PageSize);
    }

    [Test]
    public async Task Pages_live_until_their_last_reader_has_disposed_them()
    {
        var page = (await _pages.TryReadAsync(1, default, null, default))!;
        _pages.Leave(_one);
        _pages.IsWorthwhile.Should().BeFalse();
        page.Events.Length.Should().Be(SharedPages.PageSize, "the window is given up, the reader's page is not");
        page.Dispose();
        page.Dispose();
        page.Events.Length.Should().Be(0);
        using var again = await _pages.TryReadAsync(1, default, null, default);
        _log.Reads.Should().Be(2);
    }

    [Test]
    public async Task Pages_far_ahead_of_the_remaining_readers_are_not_kept_when_another_leaves()
    {
        for (var i = 0; i < 9; i++) await FillAsync();
        var third = new SharedReader(_pages, null, SharedPages.PageSize);
        _pages.Enter(third);
        using var near = await _pages.TryReadAsync(1001, default, null, default);
        using var far = await _pages.TryReadAsync(28_001, default, null, default);

        _pages.Leave(third);

        using var nearAgain = await _pages.TryReadAsync(1001, default, null, default);
        _log.Reads.Should().Be(2, "the two that are left come to it soon");
        using var farAgain = await _pages.TryReadAsync(28_001, default, null, default);
        _log.Reads.Should().Be(3);
    }

    [Test]
    public async Task No_pages_are_kept_for_a_reader_that_does_not_come_to_them()
    {
        for (var i = 0; i < 40; i++) await FillAsync();
        var pages = new SharedPages(_log);
        SharedReader busy = new(pages, null, SharedPages.PageSize), moving = new(pages, null, SharedPages.PageSize);
        await MoveAsync(busy, 1);
        await MoveAsync(moving, 1);
        for (var from = 1001; from < 110_000; from += SharedPages.PageSize) await MoveAsync(moving, from);

        var reads = _log.Reads;
        await MoveAsync(busy, 1001);
        _log.Reads.Should().Be(reads + 1);
    }

    [Test]
    public async Task A_reader_is_overtaken_by_one_some_pages_ahead_and_not_by_one_out_of_reach()
    {
        for (var i = 0; i < 40; i++) await FillAsync();
        var pages = new SharedPages(_log);
        SharedReader behind = new(pages, null, SharedPages.PageSize), ahead = new(pages, null, SharedPages.PageSize);
        await MoveAsync(behind, 1);
        await MoveAsync(ahead, 1001);
        pages.IsOvertaken(1).Should().BeFalse("the page that the other has is kept");
        await MoveAsync(ahead, 2001);
        pages.IsOvertaken(1).Should().BeTrue();
        pages.IsOvertaken(2001).Should().BeFalse("the other is behind it");
        await MoveAsync(ahead, 100_001);
        pages.IsOvertaken(1).Should().BeFalse();
    }

    private static async Task MoveAsync(SharedReader reader, long from)
    {
        using var page = await reader.ReadAsync(from, default);
    }

    private static List<long> Positions(LogPage page)
    {
        var positions = new List<long>();
        foreach (ref readonly var e in page.Events) positions.Add(e.Position.ToInt64());
        return positions;
    }
}
