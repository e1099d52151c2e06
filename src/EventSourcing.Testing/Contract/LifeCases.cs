using System.Collections.Concurrent;
using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Waiting, cancellation, disposal.</summary>
internal static class LifeCases
{
    private static readonly TimeSpan Patience = Signal.Patience;

    internal static IEnumerable<ContractCase> All =>
    [
        ContractCase.Of(Wait_ends_at_once_where_an_event_is_stored_after_the_position),
        ContractCase.Of(Wait_at_the_head_ends_with_the_next_event),
        ContractCase.Of(Wait_beyond_the_head_is_refused),
        ContractCase.Of(Wait_is_not_ended_by_records_or_refused_appends),
        ContractCase.Of(Wait_is_ended_by_an_append_in_a_write),
        ContractCase.Of(Wait_is_ended_by_its_cancellation_token),
        ContractCase.Of(Wait_of_many_readers_ends_for_all),
        ContractCase.Of(Wait_never_loses_an_append),
        ContractCase.Of(Wait_continues_outside_the_writers_stack),
        ContractCase.Of(Wait_sees_another_logs_append, LogCapabilities.Shared),
        ContractCase.Of(Cancelled_calls_do_nothing),
        ContractCase.Of(Append_cancelled_under_load_is_not_stored),
        ContractCase.Of(Disposed_log_refuses_every_call),
        ContractCase.Of(Disposal_under_load_answers_every_append),
        ContractCase.Of(Disposal_under_load_keeps_every_acknowledged_append, LogCapabilities.Durable),
        ContractCase.Of(Disposal_ends_waits),
        ContractCase.Of(Disposal_twice_is_harmless),
        ContractCase.Of(Null_arguments_are_refused),
    ];

    private static Task WaitAsync(LogUnderTest log, long after, CancellationToken token = default) =>
        log.Log.WaitAsync(GlobalPosition.FromInt64(after), token).AsTask();

    private static async Task Wait_ends_at_once_where_an_event_is_stored_after_the_position(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Numbered(2)).ConfigureAwait(false);
        await WaitAsync(log, 0).WaitAsync(Patience).ConfigureAwait(false);
        await WaitAsync(log, 1).WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Wait_at_the_head_ends_with_the_next_event(LogUnderTest log)
    {
        for (var head = 0; head < 3; head++)
        {
            var wait = WaitAsync(log, head);
            Expect.True(!wait.IsCompleted, "the wait is on");
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            await wait.WaitAsync(Patience).ConfigureAwait(false);
        }
    }

    private static async Task Wait_beyond_the_head_is_refused(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var refusal = await Expect.ThrowsAsync<PositionOutOfRangeException>(() => WaitAsync(log, 2), "the wait").ConfigureAwait(false);
        Expect.Equal((2L, 1L), (refusal.Position.ToInt64(), refusal.Head.ToInt64()), "position and head");
    }

    private static async Task Wait_is_not_ended_by_records_or_refused_appends(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.WithIds(1)).ConfigureAwait(false);
        var wait = WaitAsync(log, 1);
        await log.AppendAsync(Make.Tracked("source", 1, "s")).ConfigureAwait(false);
        await log.AppendAsync("s", Make.WithIds(1)).ConfigureAwait(false);
        await log.PutAsync(RecordKind.Lease, "k", new byte[] { 1 }).ConfigureAwait(false);
        await Expect.ThrowsAsync<WrongExpectedVersionException>(() => log.AppendAsync("s", ExpectedVersion.NoStream, Make.Event()), "the append").ConfigureAwait(false);
        Expect.True(!wait.IsCompleted, "the wait is on");
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await wait.WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Wait_is_ended_by_an_append_in_a_write(LogUnderTest log)
    {
        var wait = WaitAsync(log, 0);
        await log.WriteAsync(new() { Appends = [Make.Append("s", Make.Event())] }).ConfigureAwait(false);
        await wait.WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Wait_is_ended_by_its_cancellation_token(LogUnderTest log)
    {
        using var source = new CancellationTokenSource();
        var (cancelled, other) = (WaitAsync(log, 0, source.Token), WaitAsync(log, 0));
        await source.CancelAsync().ConfigureAwait(false);
        await Expect.ThrowsAsync<OperationCanceledException>(() => cancelled.WaitAsync(Patience), "the wait").ConfigureAwait(false);
        Expect.True(!other.IsCompleted, "the other wait is on");
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await other.WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Wait_of_many_readers_ends_for_all(LogUnderTest log)
    {
        var waits = Enumerable.Range(0, 100).Select(_ => WaitAsync(log, 0)).ToArray();
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await Task.WhenAll(waits).WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Wait_never_loses_an_append(LogUnderTest log)
    {
        const int events = 500;
        var readers = Make.TogetherAsync(2, async _ =>
        {
            var head = 0L;
            for (; head < events; head = await log.HeadAsync().ConfigureAwait(false))
                await WaitAsync(log, head).WaitAsync(Patience).ConfigureAwait(false);
            return head;
        });
        for (var i = 0; i < events; i++)
        {
            await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
            if (i % 3 == 0) await Task.Yield();
        }

        Expect.Equal([events, events], await readers.ConfigureAwait(false), "what the readers saw");
    }

    private static async Task Wait_continues_outside_the_writers_stack(LogUnderTest log)
    {
        using var blocked = new ManualResetEventSlim();
        var reader = Task.Run(async () =>
        {
            await WaitAsync(log, 0).ConfigureAwait(false);
            // On the writer's stack this would never end, because the append below sets it.
            Expect.True(blocked.Wait(Patience), "the append returns while what follows the wait is still running");
        });
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        blocked.Set();
        await reader.WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Wait_sees_another_logs_append(LogUnderTest log)
    {
        var second = await log.OpenSecondAsync().ConfigureAwait(false);
        var wait = second.WaitAsync(GlobalPosition.Start, CancellationToken.None).AsTask();
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await wait.WaitAsync(Patience).ConfigureAwait(false);
    }

    private static async Task Cancelled_calls_do_nothing(LogUnderTest log)
    {
        var cancelled = new CancellationToken(canceled: true);
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        var before = await log.DescribeAsync().ConfigureAwait(false);
        foreach (var call in Calls(log.Log, cancelled)) await Expect.ThrowsAsync<OperationCanceledException>(call, "a cancelled call").ConfigureAwait(false);
        Expect.Equal(before, await log.DescribeAsync().ConfigureAwait(false), "the log");
    }

    // Tokens are cancelled before, during and after the append. Only the result tells which.
    private static async Task Append_cancelled_under_load_is_not_stored(LogUnderTest log)
    {
        var stored = new ConcurrentBag<Guid>();
        var cancelled = new ConcurrentBag<Guid>();
        await Make.TogetherAsync(16, async caller =>
        {
            var random = new Random(caller);
            for (var i = 0; i < 50; i++)
            {
                using var source = new CancellationTokenSource();
                var number = (caller * 1000) + i;
                var answer = log.Log.AppendAsync(Make.Append($"s-{caller}", Make.WithIds(number)), source.Token).AsTask();
                for (var spins = random.Next(2000); spins > 0 && !answer.IsCompleted; spins--) Thread.SpinWait(10);
                await source.CancelAsync().ConfigureAwait(false);
                try
                {
                    await answer.WaitAsync(Patience).ConfigureAwait(false);
                    stored.Add(Make.Id(number));
                }
                catch (OperationCanceledException)
                {
                    cancelled.Add(Make.Id(number));
                }
            }

            return 0;
        }).ConfigureAwait(false);
        var found = (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Id).ToHashSet();
        Expect.Equal(16 * 50, stored.Count + cancelled.Count, "answers");
        Expect.True(found.SetEquals(stored), "exactly what was answered is stored");
    }

    private static async Task Disposed_log_refuses_every_call(LogUnderTest log)
    {
        await log.AppendAsync("s", Make.Event()).ConfigureAwait(false);
        await log.Log.DisposeAsync().ConfigureAwait(false);
        foreach (var call in Calls(log.Log, CancellationToken.None)) await Expect.ThrowsAsync<ObjectDisposedException>(call, "a call after disposal").ConfigureAwait(false);
    }

    private static Func<Task>[] Calls(IEventLog log, CancellationToken token) =>
    [
        async () => await log.AppendAsync(Make.Append("s", Make.Event()), token).ConfigureAwait(false),
        async () => (await log.ReadAsync(new AllRead(), token).ConfigureAwait(false)).Dispose(),
        async () => await log.WaitAsync(GlobalPosition.Start, token).ConfigureAwait(false),
        async () => await log.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.Lease, "k", new byte[] { 1 })] }, token).ConfigureAwait(false),
    ];

    private static async Task Disposal_ends_waits(LogUnderTest log)
    {
        var wait = WaitAsync(log, 0);
        await log.Log.DisposeAsync().ConfigureAwait(false);
        await Expect.ThrowsAsync<ObjectDisposedException>(() => wait.WaitAsync(Patience), "the wait").ConfigureAwait(false);
    }

    private static async Task Disposal_under_load_answers_every_append(LogUnderTest log) => await DisposeUnderLoadAsync(log).ConfigureAwait(false);

    private static async Task Disposal_under_load_keeps_every_acknowledged_append(LogUnderTest log)
    {
        var stored = await DisposeUnderLoadAsync(log).ConfigureAwait(false);
        await log.ReopenAsync().ConfigureAwait(false);
        var found = (await log.ReadAllAsync().ConfigureAwait(false)).Select(e => e.Id).ToHashSet();
        Expect.True(found.SetEquals(stored), "exactly what was answered is stored");
    }

    /// <summary>Disposes the log during many appends, and returns the events that were acknowledged.</summary>
    private static async Task<List<Guid>> DisposeUnderLoadAsync(LogUnderTest log)
    {
        var stored = new ConcurrentBag<Guid>();
        var callers = Make.TogetherAsync(16, async caller =>
        {
            for (var number = caller * 1_000_000; ; number++)
            {
                // A log that completes at once would otherwise take all threads from the one that disposes it.
                await Task.Yield();
                try
                {
                    await log.Log.AppendAsync(Make.Append($"s-{caller}", Make.WithIds(number)), CancellationToken.None).AsTask().WaitAsync(Patience).ConfigureAwait(false);
                    stored.Add(Make.Id(number));
                }
                catch (ObjectDisposedException)
                {
                    return 0;
                }
            }
        });
        await log.Log.WaitAsync(GlobalPosition.FromInt64(0), CancellationToken.None).AsTask().WaitAsync(Patience).ConfigureAwait(false);
        await log.Log.DisposeAsync().AsTask().WaitAsync(Patience).ConfigureAwait(false);
        await callers.WaitAsync(Patience).ConfigureAwait(false);
        return [.. stored];
    }

    private static async Task Disposal_twice_is_harmless(LogUnderTest log)
    {
        await log.Log.DisposeAsync().ConfigureAwait(false);
        await log.Log.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task Null_arguments_are_refused(LogUnderTest log)
    {
        await Expect.ThrowsAsync<ArgumentNullException>(() => log.AppendAsync((LogAppend)null!), "append").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentNullException>(() => log.PageAsync(null!), "read").ConfigureAwait(false);
        await Expect.ThrowsAsync<ArgumentNullException>(() => log.WriteAsync(null!), "write").ConfigureAwait(false);
    }
}
