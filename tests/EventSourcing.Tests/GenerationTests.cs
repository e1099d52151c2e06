using EventSourcing.Storage;
using EventSourcing.Testing;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests;

public class GenerationTests
{
    [Test]
    public async Task Pages_of_different_generations_are_never_mixed()
    {
        await using var store = new EventStore(new Compacted(new InMemoryEventLog()), Shop.Types);
        await store.AppendAsync("s", ExpectedVersion.Any, Enumerable.Range(1, LogRead.MaxPage + 1).Select(i => new ItemAdded("a", i)));
        foreach (var read in new Func<Task>[]
        {
            async () => await store.ReadAllAsync().CountAsync(),
            async () => await store.ReadStreamAsync("s").CountAsync(),
            async () => await store.FoldStreamAsync("s", () => 0, (n, _) => n + 1),
            async () => await store.FoldAsync(EventQuery.All, () => 0, (n, _) => n + 1),
            async () => await store.Log.ReadEventsAsync(new AllRead()).CountAsync(),
            async () => await store.Log.ReadEventsAsync(new StreamRead("s") { Direction = ReadDirection.Backward }).CountAsync(),
            async () => await store.GetCausationTreeAsync("nothing"),
        })
            (await read.Should().ThrowAsync<StoreUnavailableException>()).Which.IsTransient.Should().BeTrue();
    }

    /// <summary>A log that is compacted between any two pages.</summary>
    private sealed class Compacted(IEventLog log) : DelegatingLog(log)
    {
        private long _generation;

        public override async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => new Page(await Inner.ReadAsync(read, cancellationToken), ++_generation);
    }

    private sealed class Page : LogPage
    {
        private readonly LogPage _page;

        internal Page(LogPage page, long generation)
        {
            _page = page;
            (Head, StreamVersion, Next, IsLast, Generation) = (page.Head, page.StreamVersion, page.Next, page.IsLast, generation);
        }

        public override ReadOnlySpan<RecordedEvent> Events => _page.Events;

        protected override void Dispose(bool disposing) => _page.Dispose();
    }
}
