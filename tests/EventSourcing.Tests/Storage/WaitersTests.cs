using System.Diagnostics;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Storage;

[Parallelizable(ParallelScope.All)]
public class WaitersTests
{
    private readonly Waiters _waiters = new();

    [Test]
    public void A_head_releases_those_that_wait_for_less_in_whatever_order_they_came()
    {
        var waiters = new Waiters();
        var tasks = new long[] { 5, 3, 9, 3, 7 }.Select(after => (After: after, waiters.Add(after).Task)).ToArray();

        waiters.Release(7);

        tasks.Where(t => t.Task.IsCompletedSuccessfully).Select(t => t.After).Should().Equal(5, 3, 3);
        waiters.IsAny.Should().BeTrue();
        waiters.Release(long.MaxValue);
        tasks.Should().OnlyContain(t => t.Task.IsCompletedSuccessfully);
        waiters.IsAny.Should().BeFalse();
    }

    [Test]
    public async Task One_that_gives_up_leaves_the_others_waiting()
    {
        var waiters = new Waiters();
        using var giveUp = new CancellationTokenSource();
        Task[] tasks = [.. Enumerable.Range(0, 5).Select(i => waiters.Add(i).WaitAsync(i % 2 == 1 ? giveUp.Token : default))];

        await giveUp.CancelAsync();

        await tasks[1].Invoking(t => t).Should().ThrowAsync<OperationCanceledException>().Where(e => e.CancellationToken == giveUp.Token);
        (tasks[0].IsCompleted, tasks[2].IsCompleted, tasks[4].IsCompleted).Should().Be((false, false, false));
        waiters.Release(3);
        await Task.WhenAll(tasks[0], tasks[2]).WaitAsync(TimeSpan.FromSeconds(30));
        tasks[4].IsCompleted.Should().BeFalse();
    }

    [Test]
    public async Task The_end_ends_every_wait_and_those_to_come()
    {
        var waiters = new Waiters();
        Task[] tasks = [.. new[] { 1, 5, long.MaxValue }.Select(after => waiters.Add(after).Task)];

        waiters.End(() => new ObjectDisposedException("log"));

        foreach (var task in tasks) await task.Invoking(t => t).Should().ThrowAsync<ObjectDisposedException>();
        waiters.Invoking(w => w.Add(1)).Should().Throw<ObjectDisposedException>();
    }

    // A hundred thousand that were looked for one by one among the others took minutes.
    [Test]
    public async Task To_give_up_takes_as_long_among_many_as_alone()
    {
        const int Many = 100_000;
        using var giveUp = new CancellationTokenSource();
        var tasks = new Task[Many];
        for (var i = 0; i < Many; i++) tasks[i] = _waiters.Add(7).WaitAsync(giveUp.Token);
        var watch = Stopwatch.StartNew();

        await giveUp.CancelAsync();

        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(10));
        _waiters.IsAny.Should().BeFalse();
        tasks.Should().OnlyContain(t => t.IsCanceled || !t.IsCompleted);
    }

    [Test]
    public async Task Every_wait_ends_once_while_heads_rise_and_callers_give_up()
    {
        var waiters = new Waiters();
        var head = 0L;
        using var stop = new CancellationTokenSource();
        var raising = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) waiters.Release(Interlocked.Increment(ref head));
        });
        var waiting = Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            for (var i = 0; i < 5_000; i++)
            {
                using var giveUp = new CancellationTokenSource();
                var waiter = waiters.Add(Volatile.Read(ref head) + random.Next(-2, 3));
                var task = waiter.WaitAsync(giveUp.Token);
                if (random.Next(2) == 0) await giveUp.CancelAsync();
                await task.WaitAsync(TimeSpan.FromSeconds(30)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                task.IsCompleted.Should().BeTrue();
            }
        })).ToArray();

        await Task.WhenAll(waiting);

        await stop.CancelAsync();
        await raising;
        waiters.IsAny.Should().BeFalse();
    }
}
