using EventSourcing.InMemory;
using EventSourcing.Storage;
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
            async () => await store.FoldStreamAsync("s", 0, (n, _) => n + 1),
            async () => await store.FoldAsync(EventQuery.All, 0, (n, _) => n + 1),
        })
            (await read.Should().ThrowAsync<StoreUnavailableException>()).Which.IsTransient.Should().BeTrue();
    }

    /// <summary>A log that is compacted between any two pages.</summary>
    private sealed class Compacted(IEventLog log) : IEventLog
    {
        private long _generation;

        public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => log.AppendAsync(append, cancellationToken);

        public async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => new Page(await log.ReadAsync(read, cancellationToken), ++_generation);

        public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => log.WaitAsync(after, cancellationToken);

        public ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
            log.ReadRecordsAsync(kind, from, through, max, cancellationToken);

        public ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken) => log.TransactAsync(work, cancellationToken);

        public ValueTask DisposeAsync() => log.DisposeAsync();
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
