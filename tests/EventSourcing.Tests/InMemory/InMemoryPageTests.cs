using EventSourcing.InMemory;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

[Parallelizable(ParallelScope.All)]
public class InMemoryPageTests
{
    // Read through a stream: such a page lies in an array of the pool, which must not go back twice.
    [Test]
    public async Task A_page_that_two_threads_dispose_at_once_gives_its_memory_back_once()
    {
        await using var log = new InMemoryEventLog();
        foreach (var stream in new[] { "a-1", "b-1" })
            await log.AppendAsync(new() { Writes = new[] { new StreamWrite(stream, ExpectedVersion.Any, Enumerable.Range(0, 20).Select(_ => new LogEvent { Type = "t" }).ToArray()) } }, default);
        for (var round = 0; round < 2_000; round++)
        {
            var page = await log.ReadAsync(new() { Stream = "a-1", Direction = ReadDirection.Backward }, default);
            using var barrier = new Barrier(2);
            await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(() =>
            {
                barrier.SignalAndWait();
                page.Dispose();
            }, default, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

            using var one = await log.ReadAsync(new() { Stream = "a-1", Direction = ReadDirection.Backward }, default);
            using var other = await log.ReadAsync(new() { Stream = "b-1", Direction = ReadDirection.Backward }, default);
            (one.Events[0].StreamId.Value, other.Events[0].StreamId.Value).Should().Be(("a-1", "b-1"));
            page.Events.Length.Should().Be(0);
        }
    }
}
