using System.Runtime.Versioning;
using EventSourcing.Internal;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

[Platform("Linux", Reason = "Mounts and users are made with Linux's own tools.")]
[UnsupportedOSPlatform("windows")]
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UnwritablePlaceTests : IDisposable
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode EverybodyEnters = Everybody | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute | UnixFileMode.UserWrite;
    private readonly TemporaryFile _file = new();

    private string Path => _file.Path;

    private string ReadOnlyMount => $"mount --bind '{_file.Folder}' '{_file.Folder}' && mount -o remount,ro,bind '{_file.Folder}'";

    public void Dispose() => _file.Dispose();

    [TestCase(true)]
    [TestCase(false)]
    public async Task On_a_file_system_that_is_mounted_read_only_opening_for_writing_says_so(bool exists)
    {
        if (exists) await CreateAsync();
        using var other = OpeningProcess.StartAfter(ReadOnlyMount, Path);
        other.Answer().Should().StartWith("StoreReadOnlyException").And.Contain("mounted read-only").And.Contain("Nothing was written");
    }

    [Test]
    public async Task On_a_file_system_that_is_mounted_read_only_opening_for_reading_says_what_is_missing()
    {
        await CreateAsync();
        using var other = OpeningProcess.StartAfter(ReadOnlyMount, Path, "reading");
        other.Answer().Should().StartWith("StoreConfigurationException").And.Contain("needs '-wal' and '-shm' beside it, or the right to make them").And.Contain("open the copy").And.NotContain("Nothing was written");
    }

    [Test]
    public async Task In_a_directory_that_may_not_be_written_opening_for_reading_says_what_is_missing()
    {
        await CreateAsync();
        Open(EverybodyEnters, Everybody);
        using var other = OpeningProcess.StartAsNobody(Path, "reading");
        other.Answer().Should().StartWith("StoreConfigurationException").And.Contain("needs '-wal' and '-shm' beside it").And.NotContain("Nothing was written");
    }

    [Test]
    public async Task A_file_that_may_not_be_written_says_so_at_opening()
    {
        await CreateAsync();
        Open(EverybodyEnters, Everybody);
        using var other = OpeningProcess.StartAsNobody(Path, "writing");
        other.Answer().Should().StartWith("StoreReadOnlyException").And.Contain("lacks the permission");
    }

    [Test]
    public async Task A_directory_that_may_not_be_written_says_so_at_opening()
    {
        await CreateAsync();
        Open(EverybodyEnters, Everybody | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        using var other = OpeningProcess.StartAsNobody(Path, "writing");
        other.Answer().Should().StartWith("StoreReadOnlyException").And.Contain("nothing can be made in");
    }

    [Test]
    public async Task A_file_that_may_not_be_read_says_so()
    {
        await CreateAsync();
        Open(EverybodyEnters, UnixFileMode.UserRead);
        using var other = OpeningProcess.StartAsNobody(Path, "reading");
        other.Answer().Should().StartWith("StoreConfigurationException").And.Contain("cannot be read: this process lacks the permission");
    }

    [Test]
    public async Task A_log_that_is_open_elsewhere_is_read_where_nothing_may_be_written()
    {
        await using var log = SqliteEventLog.Open(Path);
        await AppendAsync(log);
        Open(EverybodyEnters, Everybody);
        foreach (var part in new[] { "-wal", "-shm" }) File.SetUnixFileMode(Path + part, Everybody | UnixFileMode.UserWrite);
        using var other = OpeningProcess.StartAsNobody(Path, "reading");
        other.Answer().Should().Be("open");
        other.Tell("read").Should().Be("read 1");
    }

    private void Open(UnixFileMode folder, UnixFileMode file)
    {
        File.SetUnixFileMode(_file.Folder, folder);
        File.SetUnixFileMode(Path, file);
    }

    private async Task CreateAsync()
    {
        await using var log = SqliteEventLog.Open(Path);
        await AppendAsync(log);
    }

    private static async Task AppendAsync(SqliteEventLog log) =>
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite(new("s"), ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } }, default);
}
