using System.Runtime.CompilerServices;
using EventSourcing.Subscriptions.Running;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

[Parallelizable(ParallelScope.All)]
public class ResetTests
{
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_runners")]
    private static extern ref Runner[] RunnersOf(Subscription subscription);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_requests")]
    private static extern ref Requests RequestsOf(Runner runner);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_queue")]
    private static extern ref RequestQueue QueueOf(Requests requests);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
    private static extern ref Lock LockOf(RequestQueue queue);

    [Test]
    public async Task Resets_of_a_group_that_meet_come_one_after_another()
    {
        var changed = new Signal();
        await using var log = new InMemoryEventLog();
        await using var bus = new EventBus(new EventStore(log, EventTypeMap.Empty));
        bus.StateChanged += (_, _, _) => changed.Set();
        var group = await bus.SubscribeAsync("group", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask), new() { IsPartitioned = true });
        await changed.UntilAsync(() => group.ActivePartitions == 16);
        var resets = 0;
        Task ResetAsync() => group.ResetAsync<InMemoryTransaction>(StartFrom.Beginning, _ => resets++);
        Task first = null!, second;
        var begins = new Thread(() => first = ResetAsync());
        lock (LockOf(QueueOf(RequestsOf(RunnersOf(group)[8]))))
        {
            begins.Start();
            SpinWait.SpinUntil(() => begins.ThreadState.HasFlag(ThreadState.WaitSleepJoin), Signal.Patience).Should().BeTrue("it waits in the middle of the partitions");
            // This thread would get past the partition at which the other waits.
            second = ResetAsync();
        }

        begins.Join();
        await Task.WhenAll(first, second).WaitAsync(Signal.Patience);
        resets.Should().Be(2);
    }
}
