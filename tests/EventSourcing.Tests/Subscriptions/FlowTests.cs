using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Subscriptions;

/// <summary>What outlives a call keeps nothing of its caller's; calls from inside a transaction's work hang nobody, whatever their thread.</summary>
public class FlowTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly AsyncLocal<object?> s_local = new();

    [Test]
    public async Task A_running_subscription_keeps_nothing_of_its_starters()
    {
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        var value = default(WeakReference);
        var starter = new Thread(() =>
        {
            s_local.Value = new object();
            value = new(s_local.Value);
            bus.SubscribeAsync("s", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask)).GetAwaiter().GetResult();
        });
        starter.Start();
        starter.Join();
        for (var i = 0; i < 10 && value!.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        value!.IsAlive.Should().BeFalse();
    }

    [Test]
    public async Task A_subscription_is_started_where_the_flow_is_suppressed()
    {
        await using var store = new EventStore(new InMemoryEventLog(), EventTypeMap.Empty);
        await using var bus = new EventBus(store);
        Task<Subscription> starting;
        using (ExecutionContext.SuppressFlow()) starting = bus.SubscribeAsync("s", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask));
        await (await starting).WaitForPositionAsync(GlobalPosition.Start).WaitAsync(s_patience);
    }

    private static ValueTask<LogWritten> WorkAsync(InMemoryEventLog log, Action work) =>
        ((IUserTransactions<InMemoryTransaction>)log).WriteAsync(LogWrite.Empty, _ => work(), default);

    [Test]
    public async Task Calls_of_a_log_in_memory_from_threads_of_its_own_work_are_refused()
    {
        await using var log = new InMemoryEventLog();
        LogWrite write = new() { Changes = [RecordChange.Remove(RecordKind.Lease, "k")] };
        Func<Task>[] calls =
        [
            () => log.WriteAsync(write, default).AsTask(),
            () => WorkAsync(log, () => { }).AsTask(),
            () => log.ReadRecordsAsync(RecordKind.Lease, "", null, 1, default).AsTask(),
            () => log.DisposeAsync().AsTask(),
            () => log.WaitAsync(GlobalPosition.Start, default).AsTask(),
        ];
        foreach (var call in calls)
        {
            var work = () => WorkAsync(log, () => Task.Run(call).Wait(s_patience)).AsTask();
            var refusal = (await work.Should().ThrowAsync<AggregateException>()).Which.InnerException;
            refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("tx.Append");
        }

        (await log.WriteAsync(write, default)).Refusal.Should().BeNull();
    }

    [Test]
    public async Task What_the_work_sets_in_its_flow_ends_with_it()
    {
        await using var log = new InMemoryEventLog();
        s_local.Value = "callers";
        var seen = default(object);
        await WorkAsync(log, () => seen = s_local.Value);
        seen.Should().Be("callers");
        await WorkAsync(log, () => s_local.Value = "works");
        s_local.Value.Should().Be("callers");
    }

    [Test]
    public async Task Transaction_of_a_work_is_refused_to_other_threads_and_after_its_end()
    {
        await using var log = new InMemoryEventLog();
        var append = new LogAppend { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } };
        InMemoryTransaction? kept = null;
        await ((IUserTransactions<InMemoryTransaction>)log).WriteAsync(new() { Appends = [append] }, transaction =>
        {
            kept = transaction;
            transaction.Append(append).Version.Should().Be(2);
            var other = () => Task.Run(() => transaction.Append(append)).Wait(s_patience);
            other.Should().Throw<AggregateException>().WithInnerException<InvalidOperationException>().WithMessage("*another thread*");
        }, default);
        kept!.Invoking(t => t.Append(append)).Should().Throw<InvalidOperationException>().WithMessage("*has ended*");
        (await log.AppendAsync(append, default)).Version.Should().Be(3);
    }
}
