using System.Diagnostics;
using EventSourcing.Internal;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

[Platform("Linux", Reason = "The names of a file are made with Linux's own tools.")]
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class OneNameTests : IDisposable
{
    private readonly TemporaryFile _file = new();

    private string Path => _file.Path;

    public void Dispose() => _file.Dispose();

    [Test]
    public async Task A_file_with_a_second_name_is_not_opened_under_either()
    {
        await using (var log = SqliteEventLog.Open(Path)) await AppendAsync(log);
        var second = System.IO.Path.Combine(_file.Folder, "second.db");
        Link(Path, second);

        foreach (var name in new[] { Path, second })
        {
            FluentActions.Invoking(() => SqliteEventLog.Open(name)).Should().Throw<StoreConfigurationException>().WithMessage("*has 2 names (hard links)*");
            FluentActions.Invoking(() => SqliteEventLog.Open(name, new() { ReadOnly = true })).Should().Throw<StoreConfigurationException>().WithMessage("*has 2 names*");
        }

        File.Delete(second);
        await using var again = SqliteEventLog.Open(Path);
    }

    [TestCase("")]
    [TestCase("-wal")]
    [TestCase("-shm")]
    public async Task A_second_name_that_is_given_to_an_open_file_ends_appends_until_it_is_gone(string part)
    {
        var time = new FakeTimeProvider();
        await using var log = SqliteEventLog.Open(Path, new() { TimeProvider = time });
        await AppendAsync(log);
        Link(Path + part, Path + "-second");
        time.Advance(TimeSpan.FromMilliseconds(50));
        await log.Awaiting(AppendAsync).Should().ThrowAsync<StoreConfigurationException>().WithMessage($"*log.db{part}' has 2 names*");

        File.Delete(Path + "-second");

        await log.Awaiting(AppendAsync).Should().NotThrowAsync();
    }

    [TestCase("-wal", "is a symbolic link")]
    [TestCase("-shm", "is a symbolic link")]
    public void A_part_of_the_log_that_is_a_symbolic_link_is_refused(string part, string what)
    {
        File.CreateSymbolicLink(Path + part, System.IO.Path.Combine(_file.Folder, "elsewhere"));
        FluentActions.Invoking(() => SqliteEventLog.Open(Path)).Should().Throw<StoreConfigurationException>().WithMessage($"*log.db{part}' {what}*");
        File.Exists(System.IO.Path.Combine(_file.Folder, "elsewhere")).Should().BeFalse();
    }

    [TestCase("-wal")]
    [TestCase("-shm")]
    public void A_part_of_the_log_that_is_a_directory_is_refused(string part)
    {
        Directory.CreateDirectory(Path + part);
        FluentActions.Invoking(() => SqliteEventLog.Open(Path)).Should().Throw<StoreConfigurationException>().WithMessage($"*log.db{part}' is a directory*");
    }

    [TestCase("writing")]
    [TestCase("reading")]
    public async Task A_single_file_that_is_mounted_is_refused(string mode)
    {
        await using (var log = SqliteEventLog.Open(Path)) await AppendAsync(log);
        var mounted = System.IO.Path.Combine(_file.Folder, "mounted.db");
        await File.WriteAllBytesAsync(mounted, []);

        using var other = OpeningProcess.StartAfter($"mount --bind '{Path}' '{mounted}'", mounted, mode);

        other.Answer().Should().StartWith("StoreConfigurationException").And.Contain("single file that is mounted").And.Contain("mount the directory");
        File.Exists(mounted + "-wal").Should().BeFalse();
    }

    [Test]
    public void A_directory_that_is_mounted_is_not_refused()
    {
        var mounted = Directory.CreateDirectory(System.IO.Path.Combine(_file.Folder, "mounted")).FullName;
        using var other = OpeningProcess.StartAfter($"mount -t tmpfs none '{mounted}'", System.IO.Path.Combine(mounted, "log.db"));
        other.Answer().Should().Be("open");
        other.Tell("append").Should().Be("appended 1");
    }

    private static void Link(string existing, string name)
    {
        using var ln = Process.Start("ln", [existing, name]);
        ln.WaitForExit();
        ln.ExitCode.Should().Be(0);
    }

    private static async Task AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
}
