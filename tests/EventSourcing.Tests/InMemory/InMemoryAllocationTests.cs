using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

[NonParallelizable]
public class InMemoryAllocationTests
{
    private const int Events = 200_000;
    private const int PayloadBytes = 300;
    private const int Streams = 1_000;

    [Test]
    public async Task Append_takes_at_most_120_bytes_beside_the_payload()
    {
        await using var log = new InMemoryEventLog();
        await FillAsync(log, 1_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        await FillAsync(log, Events);
        var perEvent = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Events;
        TestContext.Out.WriteLine($"{perEvent - PayloadBytes:F1} bytes beside the payload");
        perEvent.Should().BeLessThanOrEqualTo(PayloadBytes + 120);
    }

    [Test]
    public async Task Read_takes_nothing_per_event()
    {
        await using var log = new InMemoryEventLog();
        await FillAsync(log, 8_192);
        Count(log);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Count(log).Should().Be(8_192);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        taken.Should().BeLessThan(8_192 / 4, "pages and requests are all that is made");
    }

    private static async Task FillAsync(InMemoryEventLog log, int count)
    {
        var data = new byte[PayloadBytes];
        var streams = Enumerable.Range(0, Streams).Select(i => new StreamId($"order-{i}")).ToArray();
        var events = new[] { new LogEvent { Type = "OrderPlaced", Data = data } };
        var appends = streams.Select(s => new LogAppend { Writes = new[] { new StreamWrite(s, ExpectedVersion.Any, events) } }).ToArray();
        for (var i = 0; i < count; i++) await log.AppendAsync(appends[i % Streams], CancellationToken.None);
    }

    private static int Count(InMemoryEventLog log)
    {
        var count = 0;
        for (RangeRead? next = new AllRead { MaxCount = LogRead.MaxPage }; next is not null;)
        {
            var pending = log.ReadAsync(next, CancellationToken.None);
            using var page = pending.IsCompletedSuccessfully ? pending.Result : throw new InvalidOperationException("A read of memory completes at once.");
            count += page.Events.Length;
            next = next.Next(page);
        }

        return count;
    }
}
