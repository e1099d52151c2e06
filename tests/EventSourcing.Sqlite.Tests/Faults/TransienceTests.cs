using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

/// <summary>Transient means: the same call may succeed later without anybody changing anything.</summary>
[Parallelizable(ParallelScope.All)]
public class TransienceTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [TestCase(5, true, TestName = "Busy_is_transient")]
    [TestCase(6, true, TestName = "Locked_is_transient")]
    [TestCase(7, true, TestName = "No_memory_is_transient")]
    [TestCase(10, true, TestName = "An_IO_error_is_transient")]
    [TestCase(15, true, TestName = "The_locking_protocol_is_transient")]
    [TestCase(3, false, TestName = "Permission_is_not_transient")]
    [TestCase(8, false, TestName = "Read_only_is_not_transient")]
    [TestCase(11, false, TestName = "Damage_is_not_transient")]
    [TestCase(13, false, TestName = "A_full_disk_is_not_transient")]
    [TestCase(14, false, TestName = "A_path_that_leads_to_no_file_is_not_transient")]
    [TestCase(26, false, TestName = "No_database_is_not_transient")]
    [TestCase(2, false, TestName = "An_internal_error_is_not_transient")]
    [TestCase(18, false, TestName = "Too_big_is_not_transient")]
    [TestCase(21, false, TestName = "Misuse_is_not_transient")]
    [TestCase(22, false, TestName = "No_large_files_is_not_transient")]
    [TestCase(99, false, TestName = "An_unknown_code_is_not_transient")]
    public void Codes_of_SQLite(int code, bool isTransient)
    {
        var error = new SqliteException("said by SQLite", code, code);
        SqliteErrors.Translate(error, "/none/log.db").IsTransient.Should().Be(isTransient);
        if (code != 13) SqliteErrors.TranslateReading(error, "/none/log.db").IsTransient.Should().Be(isTransient);
        SqliteErrors.TranslateOpening(error, "/none/log.db").IsTransient.Should().Be(isTransient);
    }

    [Test]
    public void An_unknown_code_names_file_code_and_reason() =>
        SqliteErrors.Translate(new SqliteException("odd", 99, 355), "/data/log.db").Should().BeOfType<StoreConfigurationException>().Which.Message.Should().Contain("'/data/log.db'").And.Contain("355").And.Contain("odd");

    [Test]
    public void Errors_of_the_file_system_are_told_apart()
    {
        FileErrors.Translate(new DirectoryNotFoundException("gone"), "not done").Should().BeOfType<StoreConfigurationException>();
        FileErrors.Translate(new IOException("odd", 4711), "not done").Should().BeOfType<StoreConfigurationException>();
        FileErrors.Translate(new IOException("too many open files", 24), "not done").Should().BeOfType<StoreUnavailableException>();
        FileErrors.Translate(new IOException("no space", 28), "not done").Should().BeOfType<StoreFullException>();
        FileErrors.Translate(new UnauthorizedAccessException("no"), "not done").Should().BeOfType<StoreReadOnlyException>();
    }

    [Test]
    public void Set_up_that_is_wrong_is_never_transient_and_says_what_to_do()
    {
        using var file = new TemporaryFile();
        var opens = new (string Path, SqliteOptions Options, string Message)[]
        {
            (Path.Combine(file.Folder, "none", "log.db"), new(), "*directory*does not exist*create the directory*"),
            (file.Path, new() { MustExist = true }, "*does not exist*correct the path*"),
            (file.Path, new() { ReadOnly = true }, "*does not exist*correct the path*"),
            (file.Folder, new(), "*is a directory*pass the path*"),
            (file.Path, new() { ReadOnly = true, AddToExistingDatabase = true }, "*ReadOnly*AddToExistingDatabase*set one of them*"),
        };
        foreach (var (path, options, message) in opens)
        {
            FluentActions.Invoking(() => SqliteEventLog.Open(path, options)).Should().Throw<StoreConfigurationException>()
                .WithMessage(message).Which.IsTransient.Should().BeFalse();
        }

        Directory.GetFileSystemEntries(file.Folder).Should().BeEmpty();
    }

    [Test]
    [Platform("Linux", Reason = "Elsewhere the directory of an open file cannot be renamed.")]
    public async Task A_subscription_whose_directory_is_gone_is_faulted_and_continues_after_a_resume_when_it_is_back()
    {
        using var file = new TemporaryFile();
        var (folder, moved) = (Path.Combine(file.Folder, "here"), Path.Combine(file.Folder, "moved"));
        Directory.CreateDirectory(folder);
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var log = SqliteEventLog.Open(Path.Combine(folder, "log.db"), new() { TimeProvider = time });
        var store = new EventStore(log, EventTypeMap.Create(OpenLogJson.Default, map => map.Add<Numbered>("t")));
        await using var bus = new EventBus(store);
        var faulted = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        bus.StateChanged += (_, state, error) =>
        {
            if (state == SubscriptionState.Faulted) faulted.TrySetResult(error);
        };
        await using var subscription = await bus.SubscribeAsync("s", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask), new() { CheckpointEvery = 1 });
        await subscription.WaitForPositionAsync((await store.AppendAsync("s-1", ExpectedVersion.Any, [new Numbered(1)])).LastPosition).WaitAsync(s_patience);

        Directory.Move(folder, moved);
        time.Advance(TimeSpan.FromSeconds(1));
        await log.Awaiting(l => l.ReadAsync(new AllRead(), default).AsTask()).Should().ThrowAsync<StoreConfigurationException>();
        (await faulted.Task.WaitAsync(s_patience)).Should().BeOfType<StoreConfigurationException>();

        Directory.Move(moved, folder);
        time.Advance(TimeSpan.FromSeconds(1));
        await subscription.ResumeAsync().WaitAsync(s_patience);
        await subscription.WaitForPositionAsync((await store.AppendAsync("s-1", ExpectedVersion.Any, [new Numbered(2)])).LastPosition).WaitAsync(s_patience);
        subscription.State.Should().BeOneOf(SubscriptionState.Live, SubscriptionState.CatchingUp);
    }
}
