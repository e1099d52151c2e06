using EventSourcing.KillTest;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>What only other processes can show, in short; the program <c>EventSourcing.KillTest</c> runs it as long as one likes.</summary>
[NonParallelizable]
public class ProcessTests
{
    [Test]
    public async Task Finalizing_killed_at_random_times_is_done_once()
    {
        using var file = new TemporaryFile();
        var report = await SealRun.RunAsync(file.Folder, kills: 10, events: 3000, TestContext.CurrentContext.Random.Next());
        TestContext.Out.WriteLine(report);
        Assert.That((report.Wrong, report.Findings), Is.EqualTo((0L, 0)));
    }

    [Test]
    public async Task Backups_killed_at_random_times_are_whole_or_have_no_name()
    {
        using var file = new TemporaryFile();
        var report = await BackupRun.RunAsync(file.Folder, kills: 10, events: 30_000, TestContext.CurrentContext.Random.Next());
        TestContext.Out.WriteLine(report);
        Assert.That((report.Wrong, report.Findings), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Retries_in_two_processes_are_answered_with_the_first_result()
    {
        using var file = new TemporaryFile();
        var report = await RetryRun.RunAsync(file.Folder, processes: 2, appends: 100);
        TestContext.Out.WriteLine(report);
        Assert.That((report.Stored, report.Appends, report.Events, report.OtherAnswers), Is.EqualTo((200L, 200L, 200L, 0L)));
    }
}
