using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Writing;

[Parallelizable(ParallelScope.All)]
public class DisposalTests
{
    private const int Threads = 4, Rounds = 250;

    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    public enum Moment
    {
        NeverWritten,
        Written,
        WhileAppending,
        WhileReading,
    }

    // A handle that is closed twice ends the process: there is nothing to assert but that every call comes back.
    [Test]
    public async Task Many_threads_dispose_a_log_at_once([Values] Moment moment)
    {
        using var file = new TemporaryFile();
        await using (var first = SqliteEventLog.Open(file.Path)) await AppendAsync(first);
        for (var round = 0; round < Rounds; round++)
        {
            var log = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
            (await log.ReadAsync(new AllRead(), default)).Dispose();
            if (moment == Moment.Written) await AppendAsync(log);
            var busy = moment switch
            {
                Moment.WhileAppending => Enumerable.Range(0, 8).Select(_ => AppendAsync(log)).ToArray(),
                Moment.WhileReading => [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => ReadAsync(log)))],
                _ => [],
            };

            await AtOnceAsync(() => log.DisposeAsync().AsTask());

            foreach (var call in busy) await call.WaitAsync(s_long).ContinueWith(EndsOrWasClosed, TaskScheduler.Default);
            await log.Invoking(AppendAsync).Should().ThrowAsync<ObjectDisposedException>();
        }
    }

    [Test]
    public async Task Every_call_of_dispose_ends_when_the_log_is_closed()
    {
        using var file = new TemporaryFile();
        var log = SqliteEventLog.Open(file.Path);
        using var release = new ManualResetEventSlim();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var work = log.InSqliteTransactionAsync(_ =>
        {
            started.SetResult();
            return release.Wait(s_long);
        }, default).AsTask();
        await started.Task;

        var first = log.DisposeAsync().AsTask();
        var second = log.DisposeAsync().AsTask();

        (first.IsCompleted, second.IsCompleted).Should().Be((false, false));
        release.Set();
        await Task.WhenAll(first, second, work).WaitAsync(s_long);
        log.DisposeAsync().AsTask().IsCompletedSuccessfully.Should().BeTrue();
    }

    private static async Task AtOnceAsync(Func<Task> dispose)
    {
        using var barrier = new Barrier(Threads);
        var threads = Enumerable.Range(0, Threads).Select(_ => Task.Factory.StartNew(() =>
        {
            barrier.SignalAndWait();
            return dispose();
        }, default, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToArray();
        await Task.WhenAll(threads).WaitAsync(s_long);
    }

    private static void EndsOrWasClosed(Task call)
    {
        if (!call.IsCompletedSuccessfully) call.Exception!.InnerException.Should().BeOfType<ObjectDisposedException>();
    }

    private static async Task ReadAsync(SqliteEventLog log)
    {
        for (var i = 0; i < 20; i++) (await log.ReadAsync(new AllRead(), default)).Dispose();
    }

    private static async Task AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
}
