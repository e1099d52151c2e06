using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Schema;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

[Parallelizable(ParallelScope.All)]
public class PlatformTests
{
    private static readonly string[] s_mounts =
    [
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        "30 22 0:26 / /mnt/share rw,relatime shared:2 master:1 - nfs4 server:/export rw,vers=4.2",
        "31 22 0:27 / /mnt/share/local rw - tmpfs tmpfs rw",
        @"32 22 0:28 / /mnt/with\040blank rw - cifs //server/share rw",
        "33 22 0:29 / /mnt/hidden rw - nfs server:/old rw",
        "34 22 0:30 / /mnt/hidden rw - ext4 /dev/vdb rw",
        "35 22 0:31 / /home/user/remote rw - fuse.sshfs user@host: rw",
        "36 22 0:32 / /home/user/union rw - fuse.mergerfs a:b rw",
        "not a mount",
    ];

    [TestCase("/var/lib/app", "ext4")]
    [TestCase("/mnt/share", "nfs4")]
    [TestCase("/mnt/share/deep/down", "nfs4")]
    [TestCase("/mnt/shared", "ext4")]
    [TestCase("/mnt/share/local/x", "tmpfs")]
    [TestCase("/mnt/with blank/x", "cifs")]
    [TestCase("/mnt/hidden", "ext4")]
    [TestCase("/home/user/remote", "fuse.sshfs")]
    [TestCase("/home/user/union", "fuse.mergerfs")]
    public void The_file_system_of_a_path_is_that_of_its_nearest_mount(string path, string type) =>
        NetworkFileSystem.TypeOf(path, s_mounts).Should().Be(type);

    [TestCase("nfs", true)]
    [TestCase("nfs4", true)]
    [TestCase("cifs", true)]
    [TestCase("9p", true)]
    [TestCase("fuse.sshfs", true)]
    [TestCase("ext4", false)]
    [TestCase("tmpfs", false)]
    [TestCase("overlay", false)]
    [TestCase("fuse.mergerfs", false)]
    public void File_systems_of_other_machines_are_known(string type, bool isNetwork) => NetworkFileSystem.IsNetwork(type).Should().Be(isNetwork);

    [Test]
    public void A_local_directory_is_not_refused()
    {
        using var file = new TemporaryFile();
        NetworkFileSystem.Find(file.Folder).Should().BeNull();
    }

    [Test]
    public void The_library_that_comes_with_the_package_is_new_enough() => FluentActions.Invoking(SqliteLibrary.RefuseUnsafe).Should().NotThrow();

    [TestCase(3_051_002)]
    [TestCase(3_040_001)]
    public void An_older_native_library_is_refused_by_name(int found) =>
        FluentActions.Invoking(() => SqliteLibrary.RefuseUnsafe(found)).Should().Throw<StoreConfigurationException>()
            .WithMessage($"*{(found == 3_051_002 ? "3.51.2" : "3.40.1")}*3.51.3 or newer*");

    [Test]
    public void The_oldest_safe_library_is_not_refused() => FluentActions.Invoking(() => SqliteLibrary.RefuseUnsafe(3_051_003)).Should().NotThrow();

    [Test]
    public void The_error_of_a_read_says_nothing_of_writes([Values(1, 3, 5, 6, 7, 8, 10, 13, 14, 17, 23, 26)] int code)
    {
        using var file = new TemporaryFile();
        var error = SqliteErrors.TranslateReading(new("what SQLite says", code), file.Path);
        error.Should().NotBeOfType<StoreReadOnlyException>().And.NotBeOfType<StoreFullException>();
        error.Message.Should().NotContain("Nothing was").And.NotContain("being written").And.Contain(file.Path);
    }
}
