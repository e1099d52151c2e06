using System.Diagnostics;
using EventSourcing.Sqlite.Tests.Faults;
using EventSourcing.Sqlite.Writing;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Writing;

[Parallelizable(ParallelScope.All)]
public class WriterFaultTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(60);

    public enum Step
    {
        AskForTheFile,
        OpenTheSession,
        AskTheClock,
        Write,
        Commit,
        CommitAndOpenToFindOut,
        CommitAndAskTheFile,
        AskForOthers,
    }

    [Test]
    public async Task Every_caller_hears_the_truth_whatever_step_fails([Values] Step step, [Values(1, int.MaxValue)] int times, [Values(1, 9)] int callers)
    {
        FaultyFiles.Watch();
        await using var rig = await WriterRig.CreateAsync(busyTimeout: TimeSpan.FromSeconds(1));
        await rig.AppendAsync(0);
        if (step == Step.OpenTheSession) FaultyFiles.Fail(rig.File.Path, FaultyFiles.Operation.Write, FaultyFiles.Full, 1);
        if (step == Step.OpenTheSession) await rig.AppendAsync(100).ContinueWith(_ => { }, TaskScheduler.Default);

        var calls = await rig.QueueAsGroupAsync(() => [.. Enumerable.Range(1, callers).Select(i => rig.AppendAsync(i))], () => Arm(rig, step, times));
        await Task.WhenAll(calls).WaitAsync(s_long).ContinueWith(_ => { }, TaskScheduler.Default);

        calls.Should().OnlyContain(c => c.IsCompleted);
        Disarm(rig);
        var stored = await rig.StoredAsync();
        for (var i = 1; i <= callers; i++)
        {
            if (calls[i - 1].IsCompletedSuccessfully) stored.Should().Contain(i);
            else if (calls[i - 1].Exception!.InnerException is not AppendOutcomeUnknownException) stored.Should().NotContain(i);
        }

        await rig.AppendAsync(99).WaitAsync(s_long);
        (await rig.StoredAsync()).Should().Contain(99);
        await rig.Writer.DisposeAsync().AsTask().WaitAsync(s_long);
    }

    [Test]
    public async Task A_failure_after_the_commit_does_not_make_a_stored_append_fail()
    {
        await using var rig = await WriterRig.CreateAsync();
        var asked = 0;
        rig.OnOthers = () =>
        {
            asked++;
            throw new InvalidOperationException("no descriptors");
        };
        var waiting = rig.Signal.WaitAsync(0, default);

        // Whether others have the file open is asked after a tenth of a second of writing.
        var watch = Stopwatch.StartNew();
        var work = rig.Writer.RunAsync(t =>
        {
            while (watch.ElapsedMilliseconds < 150) Thread.Yield();
            return t.Append(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } });
        }, default).AsTask();

        (await work.WaitAsync(s_long)).FirstPosition.Should().Be(GlobalPosition.FromInt64(1));
        await waiting.WaitAsync(s_long);
        asked.Should().Be(1);
        (await rig.AppendAsync(1).WaitAsync(s_long)).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
    }

    [Test]
    public async Task A_repeated_command_in_a_group_whose_commit_fails_is_answered()
    {
        FaultyFiles.Watch();
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await log.AppendAsync(Command("c-1", 1), default);
        using var release = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holding = log.InSqliteTransactionAsync(_ =>
        {
            held.SetResult();
            return release.Wait(s_long);
        }, default).AsTask();
        await held.Task;

        var calls = new[] { log.AppendAsync(Command("c-2", 1), default).AsTask(), log.AppendAsync(Command("c-1", 3), default).AsTask() };
        FaultyFiles.Fail(file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, int.MaxValue);
        release.Set();
        await Task.WhenAll([.. calls, holding]).WaitAsync(s_long).ContinueWith(_ => { }, TaskScheduler.Default);

        calls.Should().OnlyContain(c => c.IsFaulted && c.Exception!.InnerException is AppendOutcomeUnknownException);
        var unknown = calls.Select(c => (AppendOutcomeUnknownException)c.Exception!.InnerException!).ToArray();
        unknown.Select(u => u.EventIds.Count).Should().Equal(1, 0);
        unknown.Should().OnlyContain(u => !(u.InnerException is AggregateException), "what was intended could be told");
        FaultyFiles.Clear(file.Path);
        await log.AppendAsync(Command("c-3", 1), default).AsTask().WaitAsync(s_long);
    }

    [Test]
    public async Task A_context_that_refuses_the_answer_does_not_end_the_writer()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        using var release = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holding = log.InSqliteTransactionAsync(_ =>
        {
            held.SetResult();
            return release.Wait(s_long);
        }, default).AsTask();
        await held.Task;
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new RefusingContext());
        try
        {
#pragma warning disable CA2012 // Awaited by hand, as a compiler's await would on a thread with this context.
            log.AppendAsync(Command("c-1", 1), default).GetAwaiter().OnCompleted(() => { });
#pragma warning restore CA2012
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        var behind = log.AppendAsync(Command("c-2", 1), default).AsTask();
        release.Set();

        (await behind.WaitAsync(s_long)).FirstPosition.Should().Be(GlobalPosition.FromInt64(2));
        await holding;
        await log.AppendAsync(Command("c-3", 1), default).AsTask().WaitAsync(s_long);
    }

    [Test]
    public async Task Work_that_interrupts_the_writer_s_thread_does_not_end_it()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);

        await log.InSqliteTransactionAsync(_ =>
        {
            Thread.CurrentThread.Interrupt();
            return true;
        }, default).AsTask().WaitAsync(s_long);

        await log.AppendAsync(Command("c-1", 1), default).AsTask().WaitAsync(s_long);
    }

    [Test]
    public async Task A_thread_that_cannot_be_started_fails_that_call_and_the_next_tries_again()
    {
        var failures = 2;
        await using var rig = await WriterRig.CreateAsync(loop =>
        {
            if (failures-- > 0) throw new ThreadStateException("no threads");
            Writer.StartThread(loop);
        });

        await rig.Invoking(r => r.AppendAsync(1)).Should().ThrowAsync<StoreUnavailableException>().WithMessage("*thread*could not be started*");
        await rig.Invoking(r => r.Writer.RunAsync(_ => 0, default).AsTask()).Should().ThrowAsync<StoreUnavailableException>();

        await rig.AppendAsync(2).WaitAsync(s_long);
        (await rig.StoredAsync()).Should().Equal(2);
    }

    [Test]
    public async Task A_writer_without_a_thread_is_disposed()
    {
        await using var rig = await WriterRig.CreateAsync(_ => throw new ThreadStateException("no threads"));
        await rig.Invoking(r => r.AppendAsync(1)).Should().ThrowAsync<StoreUnavailableException>();

        await rig.Writer.DisposeAsync().AsTask().WaitAsync(s_long);

        await rig.Invoking(r => r.AppendAsync(2)).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public async Task A_clock_that_throws_leaves_the_lock_free_and_the_writer_alive()
    {
        using var file = new TemporaryFile();
        var clock = new FaultyClock();
        await using var log = SqliteEventLog.Open(file.Path, new() { TimeProvider = clock });
        // The second runs on the caller's thread.
        for (var i = 0; i < 2; i++) await log.AppendAsync(Command($"c-{i}", 1), default);
        clock.OnNow = () => throw new TimeZoneNotFoundException("no clock");

        await log.Invoking(l => l.AppendAsync(Command("c-3", 1), default).AsTask()).Should().ThrowAsync<TimeZoneNotFoundException>();
        await log.Invoking(l => l.InSqliteTransactionAsync(_ => 0, default).AsTask()).Should().ThrowAsync<TimeZoneNotFoundException>();

        using (new ForeignLock(file.Path))
        {
        }

        clock.OnNow = null;
        (await log.AppendAsync(Command("c-4", 1), default)).FirstPosition.Should().Be(GlobalPosition.FromInt64(3));
    }

    [Test]
    public async Task One_item_that_fails_is_found_by_halves_and_the_others_are_stored()
    {
        await using var rig = await WriterRig.CreateAsync();
        await rig.AppendAsync(0);
        var opened = rig.Opened;

        var calls = await rig.QueueAsGroupAsync(() =>
        [
            .. Enumerable.Range(1, 200).Select(i => rig.AppendAsync(i)),
            rig.Writer.RunAsync<int>(_ => throw new SqliteException("disk I/O error", 10), default).AsTask(),
            .. Enumerable.Range(201, 200).Select(i => rig.AppendAsync(i)),
        ], () => { });
        await Task.WhenAll(calls).WaitAsync(s_long).ContinueWith(_ => { }, TaskScheduler.Default);

        calls.Count(c => c.IsFaulted).Should().Be(1);
        calls[200].IsFaulted.Should().BeTrue();
        (await rig.StoredAsync()).Should().Equal(Enumerable.Range(0, 401));
        (rig.Opened - opened).Should().BeLessThan(12);
    }

    [Test]
    public async Task A_device_that_fails_is_not_asked_for_each_of_a_group()
    {
        await using var rig = await WriterRig.CreateAsync();
        await rig.AppendAsync(0);
        var opened = rig.Opened;

        var calls = await rig.QueueAsGroupAsync(
            () => [rig.Writer.RunAsync<int>(_ => throw new SqliteException("disk I/O error", 10), default).AsTask(), .. Enumerable.Range(1, 400).Select(i => rig.AppendAsync(i))],
            () => rig.OnOpen = () => throw new SqliteException("disk I/O error", 10));
        await Task.WhenAll(calls).WaitAsync(s_long).ContinueWith(_ => { }, TaskScheduler.Default);

        calls.Should().OnlyContain(c => c.IsFaulted && c.Exception!.InnerException is StoreUnavailableException);
        (rig.Opened - opened).Should().BeLessThan(20);
        rig.OnOpen = null;
        await rig.AppendAsync(500).WaitAsync(s_long);
        (await rig.StoredAsync()).Should().Equal(0, 500);
    }

    [Test]
    public async Task A_group_ends_at_a_number_of_bytes()
    {
        await using var rig = await WriterRig.CreateAsync();
        await rig.AppendAsync(0);
        var commits = rig.Signal.OwnCommits;
        var large = new LogEvent[] { new() { Type = "t", Data = new byte[1 << 20] } };

        var calls = await rig.QueueAsGroupAsync(
            () => [.. Enumerable.Range(0, 64).Select(_ => rig.Writer.AppendAsync(new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, large) } }, default).AsTask())],
            () => { });
        await Task.WhenAll(calls).WaitAsync(s_long);

        // The one that held the thread, and four of 1 MiB in each.
        (rig.Signal.OwnCommits - commits).Should().Be(1 + 16);
        new FileInfo(rig.File.Path + "-wal").Length.Should().BeLessThan(40 << 20);
    }

    private static void Arm(WriterRig rig, Step step, int times)
    {
        void Throw()
        {
            if (Interlocked.Decrement(ref times) >= 0) throw new FormatException("a fault");
        }

        if (step == Step.AskForTheFile) rig.Clock.OnTimestamp = Throw;
        if (step == Step.AskTheClock) rig.Clock.OnNow = Throw;
        if (step is Step.OpenTheSession or Step.CommitAndOpenToFindOut) rig.OnOpen = Throw;
        if (step == Step.AskForOthers) rig.OnOthers = Throw;
        if (step == Step.Write) FaultyFiles.Fail(rig.File.Path, FaultyFiles.Operation.Write, FaultyFiles.IoErrorSync, times);
        if (step is Step.Commit or Step.CommitAndOpenToFindOut or Step.CommitAndAskTheFile) FaultyFiles.Fail(rig.File.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, times);
        if (step == Step.CommitAndAskTheFile)
        {
            // The first question is that before the transaction.
            var asked = 0;
            rig.Clock.OnTimestamp = () =>
            {
                if (asked++ > 0) Throw();
            };
        }
    }

    private static void Disarm(WriterRig rig)
    {
        (rig.Clock.OnTimestamp, rig.Clock.OnNow, rig.OnOpen, rig.OnOthers) = (null, null, null, null);
        FaultyFiles.Clear(rig.File.Path);
    }

    private static LogAppend Command(string id, int events) => new()
    {
        Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, Enumerable.Range(0, events).Select(_ => new LogEvent { Type = "t" }).ToArray()) },
        CommandId = id,
    };

    private sealed class RefusingContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => throw new InvalidOperationException("The window is closed.");
    }
}
