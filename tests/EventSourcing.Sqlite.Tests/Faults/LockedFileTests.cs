using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[Parallelizable(ParallelScope.All)]
public class LockedFileTests
{
    [Test]
    public async Task An_append_gives_up_after_the_busy_timeout_and_nothing_was_written()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path, new() { BusyTimeout = TimeSpan.FromMilliseconds(20) });
        await AppendAsync(log);
        using (new ForeignLock(file.Path))
            await log.Invoking(AppendAsync).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*busy timeout*");

        (await AppendAsync(log)).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
    }

    [Test]
    public async Task An_append_waits_for_another_transaction_to_end()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log);
        Task<AppendResult> append;
        using (new ForeignLock(file.Path))
        {
            append = AppendAsync(log);
            (await log.ReadAsync(new AllRead(), default)).Dispose();
            append.IsCompleted.Should().BeFalse();
        }

        (await append).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
    }

    [Test]
    public async Task Readers_do_not_wait_for_the_lock()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await AppendAsync(log);
        using var other = new ForeignLock(file.Path);

        using var page = await log.ReadAsync(new AllRead(), default);

        page.Events.Length.Should().Be(1);
    }

    [Test]
    public async Task Two_logs_that_write_all_the_time_take_turns()
    {
        using var file = new TemporaryFile();
        await using var one = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
        await using var other = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
        using var stop = new CancellationTokenSource();
        var busy = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await AppendAsync(one);
        })));

        // Each of these needs the lock once; the busy log's callers would keep it for ever.
        for (var i = 0; i < 20; i++) await AppendAsync(other);

        await stop.CancelAsync();
        await busy;
    }

    [Test]
    public async Task Appends_that_wait_for_a_place_in_the_queue_end_when_the_log_closes()
    {
        using var file = new TemporaryFile();
        var log = SqliteEventLog.Open(file.Path, new() { QueueCapacity = 1 });
        await AppendAsync(log);
        Task<AppendResult>[] appends;
        Task closing;
        using (new ForeignLock(file.Path))
        {
            appends = [.. Enumerable.Range(0, 20).Select(_ => AppendAsync(log))];
            closing = log.DisposeAsync().AsTask();
        }

        await closing;

        foreach (var append in appends)
        {
            await append.ContinueWith(_ => { }, TaskScheduler.Default);
            if (!append.IsCompletedSuccessfully) append.Exception!.InnerException.Should().BeOfType<ObjectDisposedException>();
        }
    }

    private static async Task<AppendResult> AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
}
