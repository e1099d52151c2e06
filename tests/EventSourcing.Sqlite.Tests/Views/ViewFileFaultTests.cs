using EventSourcing.Sqlite.Tests.Backup;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

/// <summary>Files that were removed, replaced, cut off or filled by others: never wrong data, and an error that names the file.</summary>
[Platform("Linux", Reason = "Elsewhere a file that is open cannot be replaced, or the system does not say.")]
[Parallelizable(ParallelScope.All)]
public class ViewFileFaultTests
{
    [Test]
    public void A_removed_file_is_noticed_and_open_snapshots_read_further()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 50);
        using var writer = build.OpenWriter(1)!;
        using var snapshot = build.OpenSnapshot();

        files.Storage.TryRemove(ViewFiles.First).Should().BeTrue();

        snapshot.Count(0, []).Should().Be(50);
        Refused(files, () => build.OpenSnapshot()).Should().Contain("removed");
        Refused(files, writer.Begin).Should().Contain("removed");
        writer.Dispose();
        Refused(files, () => build.OpenWriter(2)).Should().Contain("removed");
        files.Open().Should().BeNull();
        build.Dispose();
        Directory.GetFiles(files.Folder).Should().BeEmpty();
    }

    [Test]
    public void A_replaced_file_is_noticed_and_the_new_one_is_not_touched()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 50);
        using var other = new ViewFiles();
        using var otherBuild = other.Create();
        ViewFiles.Write(otherBuild, 7);
        using (var writer = otherBuild.OpenWriter(1)!)
        {
            writer.Begin();
            ViewFiles.Put(writer, "more", 8, 1, 1);
            writer.Commit(ViewFiles.At(8)).Should().BeTrue();
        }

        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(files.Path + suffix);
            if (suffix != "-shm") File.Copy(other.Path + suffix, files.Path + suffix);
        }

        Refused(files, () => build.OpenSnapshot()).Should().Contain("replaced");
        var log = File.ReadAllBytes(files.Path + "-wal");
        build.Dispose();

        File.ReadAllBytes(files.Path + "-wal").Should().Equal(log);
        // Whether it is of the log is for the caller to compare.
        using var found = files.Open();
        found.LogId.Should().Be(other.LogId);
        using var snapshot = found.OpenSnapshot();
        snapshot.Count(0, []).Should().Be(8);
    }

    [Test]
    public void A_file_beside_the_write_ahead_log_of_another_is_refused([Values] bool isFileReplaced)
    {
        using var files = new ViewFiles();
        using var other = new ViewFiles();
        using (var build = files.Create())
        using (var otherBuild = other.Create())
        {
            ViewFiles.Write(build, 50);
            ViewFiles.Write(otherBuild, 50);
            using var writer = build.OpenWriter(1)!;
            writer.Begin();
            ViewFiles.Put(writer, "more", 51, 1, 1);
            writer.Commit(ViewFiles.At(51)).Should().BeTrue();
            // As after a kill: the write-ahead log holds a commit.
            foreach (var suffix in new[] { "", "-wal" }) File.Copy(files.Path + suffix, files.Path + ".kept" + suffix);
            File.Copy(other.Path, other.Path + ".kept");
        }

        File.Copy((isFileReplaced ? other.Path : files.Path) + ".kept", files.Path, overwrite: true);
        File.Copy(files.Path + ".kept-wal", files.Path + "-wal");

        if (isFileReplaced)
        {
            Refused(files, () => files.Open()).Should().Contain("do not belong together");
            return;
        }

        using var whole = files.Open();
        using var snapshot = whole.OpenSnapshot();
        snapshot.Count(0, []).Should().Be(51);
    }

    [Test]
    public void Content_that_was_replaced_in_the_same_file_is_refused([Values(20, 50, 400)] int documents, [Values] bool hasLog)
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 50);
        build.OpenSnapshot().Dispose();
        if (hasLog) ViewFiles.Write(build, 10);
        using var other = new ViewFiles();
        other.CreateWith(documents);
        // By another process: here, closing the file would drop the locks of the connections.
        System.Diagnostics.Process.Start("cp", [other.Path, files.Path]).WaitForExit();

        for (var i = 0; i < 3; i++) Refused(files, () => build.OpenSnapshot());
        Refused(files, () => build.OpenWriter(2));
    }

    [Test]
    public void A_removed_write_ahead_log_is_noticed()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 50);
        File.Delete(files.Path + "-wal");

        Refused(files, () => build.OpenSnapshot()).Should().Contain("-wal");
    }

    [TestCase("a text", "not a database")]
    [TestCase("", "empty")]
    public void A_file_that_is_no_database_is_refused(string content, string expected)
    {
        using var files = new ViewFiles();
        files.CreateWith(3);
        File.WriteAllText(files.Path, string.Concat(Enumerable.Repeat(content, 2048)));

        Refused(files, () => files.Open()).Should().Contain(expected);
    }

    [Test]
    public void A_database_of_something_else_is_refused()
    {
        using var files = new ViewFiles();
        Directory.CreateDirectory(files.Folder);
        Shell.Run(files.Path, "CREATE TABLE mine (x);\n");

        Refused(files, () => files.Open()).Should().Contain("es_view");
        Shell.Run(files.Path, "SELECT count(*) FROM mine;\n").Should().Be("0");
    }

    [Test]
    public void Something_else_than_a_file_is_refused([Values("directory", "link", "second name")] string what)
    {
        using var files = new ViewFiles();
        files.CreateWith(3);
        var moved = files.Path + ".moved";
        File.Move(files.Path, moved);
        if (what == "directory") Directory.CreateDirectory(files.Path);
        else if (what == "link") File.CreateSymbolicLink(files.Path, moved);
        else System.Diagnostics.Process.Start("ln", [moved, files.Path]).WaitForExit();

        Refused(files, () => files.Open());
    }

    [Test]
    public void A_truncated_file_is_refused_when_it_is_opened([Range(0, 20)] int part)
    {
        using var files = new ViewFiles();
        files.CreateWith(200);
        var length = new FileInfo(files.Path).Length;
        using (var file = File.OpenWrite(files.Path)) file.SetLength(part < 20 ? length * part / 20 : length - 1);

        Refused(files, () => files.Open());
    }

    [Test]
    public void A_file_that_is_truncated_while_it_is_open_is_refused([Range(0, 5)] int part)
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 200);
        build.OpenSnapshot().Dispose();
        var length = new FileInfo(files.Path).Length;
        // By another process: here, closing the file would drop the locks of the connections.
        System.Diagnostics.Process.Start("truncate", ["-s", (length * part / 6).ToString(System.Globalization.CultureInfo.InvariantCulture), files.Path]).WaitForExit();

        Refused(files, () => build.OpenSnapshot()).Should().Contain("truncated");
        Refused(files, () => build.OpenWriter(2)).Should().Contain("truncated");
    }

    [Test]
    public void A_part_of_a_document_that_reads_as_zeros_is_refused()
    {
        using var files = new ViewFiles();
        using (var build = files.Create())
        {
            using var writer = build.OpenWriter(1)!;
            writer.Begin();
            // So long that it fills pages of its own.
            writer.Put(0, "long", GlobalPosition.FromInt64(1), System.Text.Encoding.UTF8.GetBytes($"\"{new string('z', 7000)}\""), [1, 1]);
            writer.Commit(ViewFiles.At(1)).Should().BeTrue();
        }

        var bytes = File.ReadAllBytes(files.Path);
        var last = bytes.AsSpan().LastIndexOf("zzzz"u8);
        bytes.AsSpan(last - 3000, 3000).Clear();
        File.WriteAllBytes(files.Path, bytes);

        using var damaged = files.Open();
        using var snapshot = damaged.OpenSnapshot();
        Refused(files, () => snapshot.Find(0, "long"));
        Refused(files, () => snapshot.Read(new() { Table = 0, Max = 10 }));
    }

    [Test]
    public void A_locked_file_is_unavailable_for_writing_only()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 5);
        using var connection = new SqliteConnection($"Data Source={files.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "BEGIN IMMEDIATE";
        command.ExecuteNonQuery();

        build.Invoking(b => b.OpenWriter(1)).Should().Throw<StoreUnavailableException>();
        using var snapshot = build.OpenSnapshot();
        snapshot.Count(0, []).Should().Be(5);
    }

    [Test]
    public void A_full_disk_writes_nothing_of_the_transaction()
    {
        using var temporary = new TemporaryFile();
        using var disk = SmallDisk.Mount(temporary.Folder, 2048);
        using IEventLog log = SqliteEventLog.Open(Path.Combine(disk.Path, "log.db"));
        using var build = log.Find<IViewStorage>()!.Create(ViewFiles.First, Guid.NewGuid(), ViewFiles.Orders);
        ViewFiles.Write(build, 5, isComplete: false);
        using (var writer = build.OpenWriter(1)!)
        {
            writer.Invoking(w => Fill(w)).Should().Throw<StoreFullException>();
            writer.Rollback();
            writer.Checkpoint.Position.Should().Be(GlobalPosition.FromInt64(5));
            using var snapshot = build.OpenSnapshot();
            snapshot.Count(0, []).Should().Be(5);
        }

        static void Fill(IViewWriter writer)
        {
            writer.Begin();
            for (var i = 0; i < 20_000; i++) ViewFiles.Put(writer, $"order-{i}", i + 1, 1, 1);
            writer.Commit(ViewFiles.At(20_000));
        }
    }

    private static string Refused(ViewFiles files, Action work)
    {
        var e = work.Should().Throw<StoreCorruptException>().Which;
        e.Where.Should().Be(files.Path);
        e.Message.Should().EndWith("Rebuild the view.");
        return e.Message;
    }
}
