using System.Runtime.Versioning;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Backup;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase), Parallelizable(ParallelScope.All)]
public class BackupTests : OpenLogTest
{
    private string Target => System.IO.Path.Combine(Folder, "backup.db");

    private string Folder => System.IO.Path.GetDirectoryName(Path)!;

    [Test]
    public async Task A_backup_has_every_event_record_and_setting()
    {
        await AppendAsync("a", Event("t", """{"total":1}""", tags: Tag.Parse("n:1", null)), Event("t", """{"total":2}"""));
        await Log.WriteAsync(new() { Changes = [RecordChange.Put(RecordKind.Checkpoint, "key", "value"u8.ToArray())] }, default);
        await Log.AddComputedColumnAsync("total");

        var result = await Log.BackupAsync(Target);

        (result.Path, result.Head, result.Bytes).Should().Be((Target, GlobalPosition.FromInt64(2), new FileInfo(Target).Length));
        await using var copy = SqliteEventLog.Open(Target, new() { MustExist = true });
        (await AllAsync(copy)).Select(Told).Should().Equal((await AllAsync()).Select(Told));
        (await copy.ReadRecordsAsync(RecordKind.Checkpoint, "", null, 10, default)).Single().Key.Should().Be("key");
        (await copy.GetComputedColumnsAsync()).Should().Equal("total");
        (await copy.VerifyAsync()).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_backup_of_an_empty_log_is_an_empty_log()
    {
        (await Log.BackupAsync(Target)).Head.Should().Be(GlobalPosition.Start);
        (await SqliteEventLog.VerifyAsync(Target)).IsIntact.Should().BeTrue();
    }

    [Test]
    public async Task A_backup_stands_alone_without_files_beside_it()
    {
        await AppendAsync("a", Event("t", "{}"));
        await Log.BackupAsync(Target);
        Directory.GetFiles(Folder, "*backup*").Should().Equal(Target);
    }

    [Test]
    public async Task A_backup_can_be_read_where_nothing_may_be_written()
    {
        await AppendAsync("a", Event("t", "{}"));
        await Log.BackupAsync(Target);
        File.SetAttributes(Target, FileAttributes.ReadOnly);

        await using var copy = SqliteEventLog.Open(Target, new() { ReadOnly = true });

        (await AllAsync(copy)).Should().HaveCount(1);
        // In WAL mode SQLite would need -shm beside it (sqlite.org/wal.html#readonly), which such media do not take.
        Directory.GetFiles(Folder, "backup.db-*").Should().BeEmpty();
    }

    [Test]
    public async Task A_backup_takes_appends_after_it_was_opened()
    {
        await AppendAsync("a", Event("t", "{}"));
        await Log.BackupAsync(Target);
        await using var copy = SqliteEventLog.Open(Target);
        (await copy.AppendAsync(new() { Writes = new StreamWrite[] { new("a", ExpectedVersion.Exactly(1), new[] { Event("t", "{}") }) } }, default)).FirstPosition.ToInt64().Should().Be(2);
    }

    [Test]
    public async Task Events_that_are_not_finalized_are_copied_and_finalized_in_the_copy()
    {
        Log.UseTagRules([]);
        Sql("INSERT INTO events (stream, eventType, data) VALUES ('s', 't', '{}')");

        (await Log.BackupAsync(Target)).Head.Should().Be(GlobalPosition.FromInt64(1));

        (await SqliteEventLog.VerifyAsync(Target)).Should().BeEquivalentTo(new { Unsealed = 1L, IsIntact = true });
        await using var copy = SqliteEventLog.Open(Target);
        (await AllAsync(copy)).Should().HaveCount(1);
        (await copy.VerifyAsync()).Unsealed.Should().Be(0);
    }

    [Test]
    public async Task A_log_opened_for_reading_is_copied()
    {
        await AppendAsync("a", Event("t", "{}"));
        await using var reading = SqliteEventLog.Open(Path, new() { ReadOnly = true });
        (await reading.BackupAsync(Target)).Head.Should().Be(GlobalPosition.FromInt64(1));
    }

    [Test]
    public async Task A_backup_of_a_backup_is_the_same_log()
    {
        await AppendAsync("a", Event("t", "{}"));
        await Log.BackupAsync(Target);
        var second = System.IO.Path.Combine(Folder, "second.db");
        await using (var copy = SqliteEventLog.Open(Target, new() { ReadOnly = true })) await copy.BackupAsync(second);
        File.ReadAllBytes(second).Length.Should().Be(File.ReadAllBytes(Target).Length);
        (await SqliteEventLog.VerifyAsync(second)).Should().BeEquivalentTo(new { IsIntact = true, Head = GlobalPosition.FromInt64(1) });
    }

    [Test]
    public async Task What_is_appended_meanwhile_is_not_in_it()
    {
        await FillAsync(2000);
        var appended = false;
        var result = await Log.BackupAsync(Target, new Heard(_ =>
        {
            if (appended) return;
            appended = true;
            AppendAsync("late", Event("t", "{}")).AsTask().GetAwaiter().GetResult();
            Sql("INSERT INTO events (stream, eventType, data) VALUES ('later', 't', '{}')");
        }));

        result.Head.Should().Be(GlobalPosition.FromInt64(2000));
        (await SqliteEventLog.VerifyAsync(Target)).Should().BeEquivalentTo(new { Events = 2000L, IsIntact = true });
        (await AllAsync()).Should().HaveCount(2002);
    }

    [Test]
    public async Task A_backup_ends_though_another_connection_writes_between_all_its_steps()
    {
        await FillAsync(5000);
        var reports = new List<BackupProgress>();

        await Log.BackupAsync(Target, new Heard(p =>
        {
            Sql("INSERT INTO events (stream, eventType, data) VALUES ('s', 't', '{}')");
            reports.Add(p);
        }));

        reports.Should().HaveCountGreaterThan(2);
        reports.Select(p => p.PagesDone).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        reports.Should().AllSatisfy(p => (p.PagesTotal, p.Head.ToInt64()).Should().Be((reports[0].PagesTotal, 5000)));
        reports[^1].PagesDone.Should().Be(reports[^1].PagesTotal);
        (await SqliteEventLog.VerifyAsync(Target)).Issues.Should().BeEmpty();
    }

    [Test]
    public async Task Reads_continue_though_the_only_reader_is_needed()
    {
        await Log.DisposeAsync();
        await using var log = SqliteEventLog.Open(Path, new() { MaxReaders = 1 });
        await log.BackupAsync(Target, new Heard(_ => log.ReadAsync(new AllRead(), default).AsTask().GetAwaiter().GetResult().Dispose()));
    }

    [TestCase("")]
    [TestCase("-wal")]
    [TestCase("-shm")]
    [TestCase("-journal")]
    public async Task What_is_there_is_named_and_left_as_it_is(string companion)
    {
        File.WriteAllText(Target + companion, "mine");

        var refused = await FluentActions.Awaiting(() => Log.BackupAsync(Target).AsTask()).Should().ThrowAsync<BackupTargetExistsException>();

        (refused.Which.Target, refused.Which.Found).Should().Be((Target, Target + companion));
        File.ReadAllText(Target + companion).Should().Be("mine");
        Directory.GetFiles(Folder, "*backup*").Should().Equal(Target + companion);
    }

    [Test]
    public async Task The_logs_own_file_is_no_target()
    {
        await AppendAsync("a", Event("t", "{}"));
        await FluentActions.Awaiting(() => Log.BackupAsync(Path).AsTask()).Should().ThrowAsync<BackupTargetExistsException>();
        (await AllAsync()).Should().HaveCount(1);
    }

    [Test]
    public async Task A_link_that_leads_nowhere_is_no_target()
    {
        File.CreateSymbolicLink(Target, System.IO.Path.Combine(Folder, "nowhere.db"));
        await FluentActions.Awaiting(() => Log.BackupAsync(Target).AsTask()).Should().ThrowAsync<BackupTargetExistsException>();
    }

    [TestCase("-wal")]
    [TestCase("-shm")]
    [TestCase("-journal")]
    public async Task A_name_that_SQLite_takes_for_a_part_of_a_database_is_misuse(string companion) =>
        await FluentActions.Awaiting(() => Log.BackupAsync(Path + companion).AsTask()).Should().ThrowAsync<ArgumentException>().WithMessage($"*'{companion}'*");

    [TestCase("")]
    [TestCase(":memory:")]
    [TestCase("a\0b")]
    [TestCase("Data Source=backup.db")]
    [TestCase("file:backup.db")]
    public async Task A_path_that_names_no_file_is_misuse(string path) =>
        await FluentActions.Awaiting(() => Log.BackupAsync(path).AsTask()).Should().ThrowAsync<ArgumentException>();

    [Test]
    public async Task A_directory_is_no_backup([Values("", "/")] string end) =>
        await FluentActions.Awaiting(() => Log.BackupAsync(Folder + end).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage($"*'{Folder}{end}'*is a directory*");

    [Test]
    public async Task A_missing_directory_is_named()
    {
        var path = System.IO.Path.Combine(Folder, "none", "backup.db");
        await FluentActions.Awaiting(() => Log.BackupAsync(path).AsTask()).Should().ThrowAsync<StoreConfigurationException>().WithMessage($"*'{path}'*directory does not exist*");
        Directory.Exists(System.IO.Path.GetDirectoryName(path)).Should().BeFalse();
    }

    [Test]
    public async Task A_path_with_signs_that_mean_something_in_a_URI_is_a_path()
    {
        var path = System.IO.Path.Combine(Directory.CreateDirectory(System.IO.Path.Combine(Folder, "a b%20#?mode=memory&ö")).FullName, "50%.db");
        await AppendAsync("a", Event("t", "{}"));
        await Log.BackupAsync(path);
        (await SqliteEventLog.VerifyAsync(path)).Should().BeEquivalentTo(new { Events = 1L, IsIntact = true });
    }

    [Test]
    public async Task A_cancelled_backup_leaves_nothing()
    {
        await FillAsync(2000);
        using var stop = new CancellationTokenSource();
        await FluentActions.Awaiting(() => Log.BackupAsync(Target, new Heard(_ => stop.Cancel()), stop.Token).AsTask()).Should().ThrowAsync<OperationCanceledException>();
        Leftovers().Should().BeEmpty();
    }

    // Not waited for inside: a log that lets the call in shows that by its answer, not by hanging.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_progress_that_closes_the_log_is_refused_and_the_backup_continues(bool inTask)
    {
        await AppendAsync("a", Event("t", "{}"));
        Task? closing = null;
        var isCalled = false;
        // Set when the call has returned its task or was refused: the backup runs until then, and no longer, so that a call that is let in does not block it.
        using var called = new ManualResetEventSlim();
        await Log.BackupAsync(Target, new Heard(_ =>
        {
            if (closing is not null) return;
            closing = inTask ? Task.Run(CloseAsync) : CloseAsync();
            isCalled = called.Wait(TimeSpan.FromSeconds(10));
        }));
        isCalled.Should().BeTrue("the log was closed while the backup ran");
        await closing!.Invoking(c => c).Should().ThrowAsync<InvalidOperationException>().WithMessage("*progress of its own backup*");
        await AppendAsync("a", Event("t", "{}"));
        (await SqliteEventLog.VerifyAsync(Target)).IsIntact.Should().BeTrue();

        async Task CloseAsync()
        {
            try
            {
                var closed = Log.DisposeAsync();
                called.Set();
                await closed;
            }
            catch (InvalidOperationException)
            {
                called.Set();
                throw;
            }
        }
    }

    [Test]
    public async Task What_a_progress_leaves_behind_may_close_the_log_after_the_backup()
    {
        await AppendAsync("a", Event("t", "{}"));
        var (done, left) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), default(Task));
        await Log.BackupAsync(Target, new Heard(_ => left ??= CloseAfterAsync(done.Task)));
        done.SetResult();
        await left!.WaitAsync(TimeSpan.FromSeconds(10));

        async Task CloseAfterAsync(Task backup)
        {
            await backup;
            await Log.DisposeAsync();
        }
    }

    [Test]
    public async Task A_progress_that_throws_changes_nothing_of_the_backup_and_is_told_by_the_result()
    {
        await FillAsync(2000);
        var thrown = new Microsoft.Data.Sqlite.SqliteException("of another database", 13);
        var reports = 0;

        var result = await Log.BackupAsync(Target, new Heard(_ => throw (reports++ == 0 ? thrown : new NotSupportedException("a later one"))));

        result.ProgressError.Should().BeSameAs(thrown);
        reports.Should().BeGreaterThan(1);
        (await SqliteEventLog.VerifyAsync(Target)).Should().BeEquivalentTo(new { IsIntact = true, result.Head });
    }

    [Test]
    public async Task Disposal_in_the_middle_ends_the_backup_and_waits_for_its_end()
    {
        await FillAsync(2000);
        var (begun, goOn) = (new TaskCompletionSource(), new ManualResetEventSlim());
        var backup = Log.BackupAsync(Target, new Heard(_ =>
        {
            begun.TrySetResult();
            goOn.Wait();
        })).AsTask();
        await begun.Task;

        var disposal = Log.DisposeAsync().AsTask();
        disposal.IsCompleted.Should().BeFalse();
        goOn.Set();

        await disposal;
        Leftovers().Should().BeEmpty();
        await FluentActions.Awaiting(() => backup).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public async Task A_closed_log_is_not_copied()
    {
        await Log.DisposeAsync();
        await FluentActions.Awaiting(() => Log.BackupAsync(Target).AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public async Task Of_two_backups_to_one_path_one_is_made()
    {
        await FillAsync(2000);
        using var both = new Barrier(2);
        async Task<bool> IsMadeAsync()
        {
            var met = false;
            try
            {
                await Log.BackupAsync(Target, new Heard(_ =>
                {
                    if (!met) both.SignalAndWait();
                    met = true;
                }));
                return true;
            }
            catch (BackupTargetExistsException)
            {
                return false;
            }
        }

        (await Task.WhenAll(IsMadeAsync(), IsMadeAsync())).Should().BeEquivalentTo([true, false]);
        (await SqliteEventLog.VerifyAsync(Target)).Issues.Should().BeEmpty();
        Leftovers().Should().Equal(Target);
    }

    [Test]
    public async Task Backups_to_two_paths_are_made_at_once()
    {
        await FillAsync(2000);
        var second = System.IO.Path.Combine(Folder, "backup-2.db");
        using var both = new Barrier(2);
        await Task.WhenAll(((string[])[Target, second]).Select(path =>
        {
            var met = false;
            return Log.BackupAsync(path, new Heard(_ =>
            {
                if (!met) both.SignalAndWait();
                met = true;
            })).AsTask();
        }));
        File.ReadAllBytes(second).Should().Equal(File.ReadAllBytes(Target));
    }

    [Test]
    [Platform("Linux", Reason = "Elsewhere an open file cannot be removed.")]
    public async Task A_file_that_is_removed_while_it_is_written_is_an_error()
    {
        await FillAsync(2000);
        await FluentActions.Awaiting(() => Log.BackupAsync(Target, new Heard(_ => Array.ForEach(Directory.GetFiles(Folder, "*.partial"), File.Delete))).AsTask())
            .Should().ThrowAsync<StoreUnavailableException>().WithMessage($"*'{Target}' was not written*");
        Leftovers().Should().BeEmpty();
    }

    [Test]
    public async Task A_target_that_appears_while_it_is_written_is_left_as_it_is()
    {
        await FillAsync(2000);
        await FluentActions.Awaiting(() => Log.BackupAsync(Target, new Heard(_ => File.WriteAllText(Target, "mine"))).AsTask()).Should().ThrowAsync<BackupTargetExistsException>();
        File.ReadAllText(Target).Should().Be("mine");
        Leftovers().Should().Equal(Target);
    }

    [Test]
    [Platform("Linux"), SupportedOSPlatform("linux")]
    public async Task Only_those_may_read_it_who_may_read_the_log()
    {
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Log.BackupAsync(Target);
        File.GetUnixFileMode(Target).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Test]
    [Platform("Linux")]
    public async Task A_full_disk_is_told_and_nothing_is_left()
    {
        await FillAsync(6000);
        using var disk = SmallDisk.Mount(Folder, kibibytes: 1024);
        var path = System.IO.Path.Combine(disk.Path, "backup.db");

        await FluentActions.Awaiting(() => Log.BackupAsync(path).AsTask()).Should().ThrowAsync<StoreFullException>().WithMessage($"*'{path}'*");

        Directory.GetFiles(disk.Path).Should().BeEmpty();
        (await Log.VerifyAsync()).IsIntact.Should().BeTrue();
    }

    [Test]
    [Platform("Linux")]
    public async Task A_directory_that_cannot_be_written_is_told()
    {
        using var disk = SmallDisk.Mount(Folder, kibibytes: 1024);
        disk.MakeReadOnly();
        await FluentActions.Awaiting(() => Log.BackupAsync(System.IO.Path.Combine(disk.Path, "backup.db")).AsTask()).Should().ThrowAsync<StoreReadOnlyException>();
    }

    private static string Told(RecordedEvent e) =>
        $"{e.Position} {e.StreamId} {e.Version} {e.Id} {e.Type} {e.Timestamp:O} {string.Join(',', e.Tags ?? [])} {Convert.ToHexString(e.Data.Span)} {Convert.ToHexString(e.Metadata.Span)}";

    private string[] Leftovers() => [.. Directory.GetFiles(Folder).Where(f => f == Target || f.EndsWith(".partial", StringComparison.Ordinal))];

    private async Task FillAsync(int count)
    {
        var data = $$"""{"text":"{{new string('x', 500)}}"}""";
        for (var i = 0; i < count; i += 1000) await AppendAsync("s", [.. Enumerable.Repeat(0, 1000).Select(_ => Event("t", data))]);
    }

    private sealed class Heard(Action<BackupProgress> hear) : IProgress<BackupProgress>
    {
        public void Report(BackupProgress value) => hear(value);
    }
}
