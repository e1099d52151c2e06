using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Callers that block a thread until their append is stored, on any log.</summary>
[NonParallelizable]
public abstract class BlockedAppendTests
{
    private const int Blocked = 8, Awaiting = 4, Rounds = 1_000;

    protected abstract IEventLog OpenLog();

    [Test, CancelAfter(240_000)]
    public async Task Callers_that_block_every_thread_of_the_pool_are_answered()
    {
        await using var store = new EventStore(OpenLog(), School.Types);
        ThreadPool.GetMaxThreads(out var workers, out var ports);
        ThreadPool.GetMinThreads(out var fewest, out var fewestPorts);
        try
        {
            ThreadPool.SetMinThreads(1, fewestPorts).Should().BeTrue();
            ThreadPool.SetMaxThreads(Environment.ProcessorCount, ports).Should().BeTrue("a pool has at least a thread for each processor");
            var callers = Enumerable.Range(0, Math.Max(Blocked, 2 * Environment.ProcessorCount)).Select(caller => Task.Run(() => Block(store, $"blocked-{caller}")))
                .Concat(Enumerable.Range(0, Awaiting).Select(caller => Task.Run(() => AwaitAsync(store, $"awaiting-{caller}")))).ToArray();
            await Task.WhenAll(callers);
            (await store.GetHeadAsync()).ToInt64().Should().Be(callers.Length * Rounds);
        }
        finally
        {
            ThreadPool.SetMaxThreads(workers, ports);
            ThreadPool.SetMinThreads(fewest, fewestPorts);
        }
    }

    private static void Block(EventStore store, StreamId stream)
    {
        for (var round = 1; round <= Rounds; round++)
        {
#pragma warning disable CA2012 // What the rule warns of is what is tried.
            var answer = store.AppendAsync(stream, ExpectedVersion.Any, [new Noted("x")]);
            var result = round % 2 == 0 ? answer.Result : answer.GetAwaiter().GetResult();
#pragma warning restore CA2012
            result.Version.Should().Be(round);
        }
    }

    private static async Task AwaitAsync(EventStore store, StreamId stream)
    {
        for (var round = 1; round <= Rounds; round++)
            (await store.AppendAsync(stream, ExpectedVersion.Any, [new Noted("x")])).Version.Should().Be(round);
    }
}
