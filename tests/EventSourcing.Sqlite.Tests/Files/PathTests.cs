using System.Diagnostics;
using System.Runtime.Versioning;
using EventSourcing.Internal;
using EventSourcing.Sqlite.Files;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Files;

[Platform("Linux", Reason = "Windows resolves paths otherwise.")]
[UnsupportedOSPlatform("windows")]
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PathTests : IDisposable
{
    private readonly TemporaryFile _file = new();

    // /tmp itself may be a link.
    private string Folder => UnixPath.Resolve(System.IO.Path.Combine(_file.Folder, "x"))[..^2];

    public void Dispose() => _file.Dispose();

    [Test]
    public async Task A_relative_link_is_followed_from_the_directory_that_it_lies_in()
    {
        Make("real/deep/data", "real/deep/app", "x/data");
        File.CreateSymbolicLink(In("real/deep/app/orders.db"), "../data/orders.db");
        Directory.CreateSymbolicLink(In("x/app"), "../real/deep/app");

        await using var log = SqliteEventLog.Open(In("x/app/orders.db"));

        log.Path.Should().Be(In("real/deep/data/orders.db"));
        File.Exists(In("x/data/orders.db")).Should().BeFalse();
        await using var again = SqliteEventLog.Open(In("x/app/orders.db"), new() { MustExist = true });
        again.Path.Should().Be(log.Path);
    }

    [Test]
    public async Task The_parent_of_a_linked_directory_is_the_one_of_its_target()
    {
        Make("real/deep/data", "real/deep/app", "x/data");
        Directory.CreateSymbolicLink(In("x/app"), "../real/deep/app");

        await using var log = SqliteEventLog.Open(In("x/app/../data/orders.db"));

        log.Path.Should().Be(In("real/deep/data/orders.db"));
        File.Exists(In("x/data/orders.db")).Should().BeFalse();
    }

    [Test]
    public async Task Links_in_the_directory_part_are_resolved()
    {
        Make("real");
        Directory.CreateSymbolicLink(In("linked"), "real");

        await using var log = SqliteEventLog.Open(In("linked/orders.db"));

        log.Path.Should().Be(In("real/orders.db"));
    }

    [Test]
    public async Task A_link_to_a_file_that_is_not_there_creates_that_file()
    {
        Make("real");
        File.CreateSymbolicLink(In("one.db"), "two.db");
        File.CreateSymbolicLink(In("two.db"), In("real/orders.db"));

        await using var log = SqliteEventLog.Open(In("one.db"));

        log.Path.Should().Be(In("real/orders.db"));
    }

    [Test]
    public void Links_that_lead_in_a_circle_are_named()
    {
        File.CreateSymbolicLink(In("a.db"), "b.db");
        File.CreateSymbolicLink(In("b.db"), "a.db");
        Opening(In("a.db")).Should().Throw<StoreConfigurationException>().WithMessage("*symbolic links lead in a circle*");
        Directory.CreateSymbolicLink(In("c"), "c");
        Opening(In("c/a.db")).Should().Throw<StoreConfigurationException>().WithMessage("*symbolic links lead in a circle*");
    }

    [Test]
    public async Task A_path_may_be_as_long_as_SQLite_takes_it_and_no_longer()
    {
        var directory = Folder;
        while (UnixPath.LongestDatabase - directory.Length > 120) directory = Directory.CreateDirectory($"{directory}/{new string('d', 100)}").FullName;
        var longest = $"{directory}/{new string('f', UnixPath.LongestDatabase - directory.Length - 1)}";

        await using (var log = SqliteEventLog.Open(longest)) log.Path.Length.Should().Be(504);

        Opening(longest + "x").Should().Throw<ArgumentException>().WithMessage("*is too long*takes 505 bytes*at most 504*");
        File.Exists(longest + "x").Should().BeFalse();
        Opening($"{Folder}/{new string('f', 256)}").Should().Throw<ArgumentException>().WithMessage("*too long*");
        Opening($"{Folder}/{string.Join('/', Enumerable.Repeat(new string('d', 200), 30))}/a.db").Should().Throw<ArgumentException>().WithMessage("*too long*");
    }

    [Test]
    public async Task The_length_is_that_of_the_resolved_path()
    {
        var deep = Folder;
        while (deep.Length < 600) deep = Directory.CreateDirectory($"{deep}/{new string('d', 100)}").FullName;
        Directory.CreateSymbolicLink(In("short"), deep);
        Opening(In("short/a.db")).Should().Throw<ArgumentException>().WithMessage("*with links resolved it takes*");

        await using var log = SqliteEventLog.Open($"{deep}/{string.Concat(Enumerable.Repeat("../", 6))}a.db");
        log.Path.Length.Should().BeLessThan(504);
    }

    [Test]
    public void A_missing_directory_is_named_with_what_to_do() =>
        Opening(In("missing/orders.db")).Should().Throw<StoreConfigurationException>().WithMessage("The directory of '*missing/orders.db' does not exist. Nothing was changed; create the directory*");

    [Test]
    public void A_file_in_place_of_a_directory_is_named()
    {
        File.WriteAllText(In("file"), "");
        Opening(In("file/orders.db")).Should().Throw<StoreConfigurationException>().WithMessage("*is a file where a directory has to be*");
    }

    [TestCase("")]
    [TestCase("/")]
    [TestCase("/.")]
    [TestCase("/..")]
    [TestCase("/missing/")]
    [TestCase("/missing/..")]
    public void A_directory_is_refused(string end) =>
        Opening(Folder + end).Should().Throw<StoreConfigurationException>();

    [Test]
    public void Half_of_a_surrogate_pair_names_no_file()
    {
        Opening(In("a\ud83d.db")).Should().Throw<ArgumentException>().WithMessage("*surrogate*");
        Directory.GetFileSystemEntries(Folder).Should().BeEmpty();
    }

    [Test]
    public void A_link_to_a_name_that_is_no_text_is_refused()
    {
        using var shell = Process.Start("sh", ["-c", $"mkdir \"{Folder}/$(printf 'd\\377')\" && ln -s \"$(printf 'd\\377')\" '{Folder}/linked'"]);
        shell.WaitForExit();
        Opening(In("linked/a.db")).Should().Throw<ArgumentException>().WithMessage("*no valid UTF-8*");
        // .NET cannot remove what it cannot name.
        using var cleaner = Process.Start("sh", ["-c", $"rm -r '{Folder}'/*"]);
        cleaner.WaitForExit();
    }

    [Test]
    public void What_is_no_ordinary_file_is_refused()
    {
        using var shell = Process.Start("mkfifo", [In("pipe")]);
        shell.WaitForExit();
        Opening(In("pipe")).Should().Throw<StoreConfigurationException>().WithMessage("*is no ordinary file*");
    }

    [Test]
    public void A_directory_that_may_not_be_entered_is_named()
    {
        Make("closed");
        File.SetUnixFileMode(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        File.SetUnixFileMode(In("closed"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var other = OpeningProcess.StartAsNobody(In("closed/orders.db"), "writing");
        other.Answer().Should().StartWith("StoreConfigurationException").And.Contain("may not enter a directory");
    }

    private static Action Opening(string path) => () => SqliteEventLog.Open(path);

    private string In(string path) => $"{Folder}/{path}";

    private void Make(params string[] directories)
    {
        foreach (var directory in directories) Directory.CreateDirectory(In(directory));
    }
}
