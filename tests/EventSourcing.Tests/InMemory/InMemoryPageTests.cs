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
        const int rounds = 20_000;
        LogPage page = null!;
        var (begun, ended) = (0, 0);
        var other = new Thread(() =>
        {
            for (var round = 1; round <= rounds; round++)
            {
                while (Volatile.Read(ref begun) < round) Thread.SpinWait(1);
                page.Dispose();
                Volatile.Write(ref ended, round);
            }
        });
        other.Start();
        for (var round = 1; round <= rounds; round++)
        {
            page = await log.ReadAsync(new StreamRead("a-1") { Direction = ReadDirection.Backward }, default);
            Volatile.Write(ref begun, round);
            // A little later and a little earlier than the other thread.
            Thread.SpinWait(round % 40);
            page.Dispose();
            while (Volatile.Read(ref ended) < round) Thread.SpinWait(1);

            using var one = await log.ReadAsync(new StreamRead("a-1") { Direction = ReadDirection.Backward }, default);
            using var next = await log.ReadAsync(new StreamRead("b-1") { Direction = ReadDirection.Backward }, default);
            (one.Events[0].StreamId.Value, next.Events[0].StreamId.Value).Should().Be(("a-1", "b-1"));
            page.Events.Length.Should().Be(0);
        }

        other.Join();
    }
}
