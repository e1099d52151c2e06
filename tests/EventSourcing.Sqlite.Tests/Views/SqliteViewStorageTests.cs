using System.Diagnostics;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Views;

[Parallelizable(ParallelScope.All)]
public class SqliteViewStorageTests
{
    private static readonly Guid s_otherLog = Guid.Parse("11111111-1111-1111-1111-111111111111");

    [Test]
    public void A_build_is_a_file_beside_the_log()
    {
        using var files = new ViewFiles();
        Directory.Exists(files.Folder).Should().BeFalse();
        files.Storage.FindBuilds().Should().BeEmpty();

        files.CreateWith(3);

        files.Path.Should().Be(files.LogPath + ".views/order-list.v2.b1.db".Replace('/', Path.DirectorySeparatorChar));
        Directory.GetFiles(files.Folder).Should().Equal(files.Path);
        files.Storage.FindBuilds().Should().Equal(ViewFiles.First);
    }

    [Test]
    public void What_was_written_is_read_after_the_log_was_opened_again()
    {
        using var files = new ViewFiles();
        files.CreateWith(3);
        files.Reopen();

        using var build = files.Open();
        using var snapshot = build.OpenSnapshot();

        build.LogId.Should().Be(files.LogId);
        build.FencingToken.Should().Be(1);
        snapshot.Checkpoint.Position.Should().Be(GlobalPosition.FromInt64(3));
        snapshot.Checkpoint.Token.IsVerifiable.Should().BeTrue();
        snapshot.Checkpoint.IsComplete.Should().BeTrue();
        snapshot.Find(0, "order-1")!.Value.Json.ToArray().Should().Equal(ViewFiles.Json("order-1"));
        snapshot.Find(0, "order-9").Should().BeNull();
    }

    [Test]
    public void A_build_that_exists_is_not_made_again()
    {
        using var files = new ViewFiles();
        files.CreateWith(3);

        files.Invoking(f => f.Create()).Should().Throw<InvalidOperationException>().WithMessage("*order-list.v2.b1*exists*");

        using var build = files.Open();
        using var snapshot = build.OpenSnapshot();
        snapshot.Count(0, []).Should().Be(3);
    }

    [Test]
    public void A_creation_that_fails_leaves_nothing()
    {
        using var files = new ViewFiles();

        files.Storage.Invoking(s => s.Create(ViewFiles.First, files.LogId, [new("same", []), new("same", [])])).Should().Throw<EventSourcingException>();

        Directory.GetFileSystemEntries(files.Folder).Should().BeEmpty();
        files.Create().Dispose();
    }

    [Test]
    public void A_build_without_a_place_is_null()
    {
        using var files = new ViewFiles();
        files.Storage.Open(ViewFiles.First, ViewFiles.Orders).Should().BeNull();
        files.Storage.TryRemove(ViewFiles.First).Should().BeTrue();
        Directory.Exists(files.Folder).Should().BeFalse();
    }

    [TestCase("")]
    [TestCase("-wal")]
    [TestCase("-shm")]
    [TestCase("-journal")]
    public void A_part_of_a_creation_or_removal_that_was_killed_is_listed_and_removed(string suffix)
    {
        using var files = new ViewFiles();
        Directory.CreateDirectory(files.Folder);
        File.WriteAllBytes(files.Path + suffix, suffix.Length == 0 ? [] : [1, 2, 3]);
        File.WriteAllText(Path.Combine(files.Folder, "notes.db"), "not a build");

        files.Storage.FindBuilds().Should().Equal(ViewFiles.First);
        files.Invoking(f => f.Create()).Should().Throw<InvalidOperationException>();
        if (suffix.Length == 0) files.Invoking(f => f.Open()).Should().Throw<StoreCorruptException>().Which.Where.Should().Be(files.Path);
        else files.Open().Should().BeNull();

        files.Storage.TryRemove(ViewFiles.First).Should().BeTrue();
        files.Storage.FindBuilds().Should().BeEmpty();
        Directory.GetFiles(files.Folder).Should().ContainSingle();
    }

    [Test]
    public void A_creation_that_was_killed_is_refused_at_every_step([Range(0, 6)] int step)
    {
        string[] steps =
        [
            "PRAGMA page_size = 4096", "PRAGMA journal_mode = WAL", "BEGIN", "CREATE TABLE es_origin (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL)",
            "INSERT INTO es_origin (id, origin) VALUES (1, 'x')", "COMMIT", "CREATE TABLE es_rows_0 (key)",
        ];
        using var files = new ViewFiles();
        Directory.CreateDirectory(files.Folder);
        File.WriteAllBytes(files.Path, []);
        Shell.Run(files.Path, string.Concat(steps.Take(step + 1).Select(sql => sql + ";\n")));

        files.Storage.FindBuilds().Should().Equal(ViewFiles.First);
        files.Invoking(f => f.Open()).Should().Throw<StoreCorruptException>().Which.Where.Should().Be(files.Path);
        files.Storage.TryRemove(ViewFiles.First).Should().BeTrue();
        files.Create().Dispose();
    }

    [TestCase("DELETE FROM es_view")]
    [TestCase("DROP TABLE es_view")]
    [TestCase("UPDATE es_view SET format = 2")]
    [TestCase("UPDATE es_view SET build = 2")]
    [TestCase("UPDATE es_view SET version = 1")]
    [TestCase("UPDATE es_view SET view_set = 'other'")]
    [TestCase("UPDATE es_view SET log_id = 'none'")]
    [TestCase("UPDATE es_view SET token = 'x'")]
    [TestCase("UPDATE es_view SET origin = 'x'")]
    [TestCase("DROP INDEX es_rows_0_1")]
    [TestCase("DROP VIEW \"order-list\"")]
    [TestCase("CREATE TABLE es_rows_1 (key)")]
    [TestCase("ALTER TABLE es_rows_0 ADD COLUMN more")]
    [TestCase("PRAGMA journal_mode = DELETE")]
    public void A_file_that_is_not_as_it_was_made_is_refused_by_name(string change)
    {
        using var files = new ViewFiles();
        files.CreateWith(3);
        Shell.Run(files.Path, change + ";\n");

        files.Invoking(f => f.Open()).Should().Throw<StoreCorruptException>().Which.Where.Should().Be(files.Path);
        files.Storage.TryRemove(ViewFiles.First).Should().BeTrue();
        Directory.GetFiles(files.Folder).Should().BeEmpty();
    }

    [Test]
    public void Other_tables_than_those_of_the_build_are_refused()
    {
        using var files = new ViewFiles();
        files.CreateWith(1);

        foreach (ViewTable[] tables in new ViewTable[][] { [new("order-list", ["customer"])], [new("orders", ["customer", "total"])], [new("order-list", ["customer", "sum"])], [.. ViewFiles.Orders, new("more", [])], [] })
            files.Storage.Invoking(s => s.Open(ViewFiles.First, tables)).Should().Throw<StoreCorruptException>().Which.Where.Should().Be(files.Path);
    }

    [Test]
    public void The_shell_reads_the_view_while_it_is_written()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 3);
        using var writer = build.OpenWriter(1)!;
        writer.Begin();
        ViewFiles.Put(writer, "order-0", 9, "ann", 62.5);

        Shell.Run(files.Path, "SELECT key, customer, total, position, json ->> 'key' FROM \"order-list\" ORDER BY key;\n").Should().Be("order-0|0|0|1|order-0\norder-1|1|1|2|order-1\norder-2|2|2|3|order-2");
        writer.Commit(ViewFiles.At(9)).Should().BeTrue();
        Shell.Run(files.LogPath, $"ATTACH '{files.Path}' AS v;\nSELECT customer, typeof(total) FROM v.\"order-list\" WHERE key = 'order-0';\nSELECT log_id, position, is_complete, fencing_token FROM v.es_view;\n")
            .Should().Be($"ann|real\n{files.LogId}|9|1|1");
    }

    [Test]
    [Platform("Linux")]
    public void Files_have_the_permissions_of_the_log([Values(0x1A0, 0x180, 0x1B4)] int mode)
    {
        if (OperatingSystem.IsWindows()) return;
        using var files = new ViewFiles(path =>
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, (UnixFileMode)mode);
        });
        using var build = files.Create();
        ViewFiles.Write(build, 1, isComplete: false);
        using var snapshot = build.OpenSnapshot();

        foreach (var suffix in new[] { "", "-wal", "-shm" }) ((int)File.GetUnixFileMode(files.Path + suffix)).Should().Be(mode);
        ((int)File.GetUnixFileMode(files.Folder)).Should().Be(mode | ((mode & 0x124) >> 2));
    }

    [Test]
    [Platform("Linux")]
    public void Files_have_the_owner_of_the_log_where_the_system_allows_it()
    {
        if (Environment.UserName != "root") Assert.Ignore("Only the system's user gives files to others.");
        using var files = new ViewFiles(path => Run("chown", "1234:2345", path));
        using var build = files.Create();
        ViewFiles.Write(build, 1, isComplete: false);

        foreach (var suffix in new[] { "", "-wal", "-shm" }) Run("stat", "-c", "%u:%g", files.Path + suffix).Should().Be("1234:2345\n");
        Run("stat", "-c", "%u:%g", files.Folder).Should().Be("1234:2345\n");
    }

    [Test]
    public void A_completed_build_lies_in_its_file_alone()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 100, isComplete: false);
        new FileInfo(files.Path + "-wal").Length.Should().BePositive();

        ViewFiles.Write(build, 100);

        new FileInfo(files.Path + "-wal").Length.Should().Be(0);
        var copy = files.Path + ".copy";
        File.Copy(files.Path, copy);
        Shell.Run(copy, "SELECT count(*), max(position) FROM \"order-list\";\n").Should().Be("100|100");
    }

    [Test]
    public void A_build_is_completed_while_a_reader_has_an_older_state()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 1, isComplete: false);
        using var old = build.OpenSnapshot();

        ViewFiles.Write(build, 100);

        old.Count(0, []).Should().Be(1);
        using var now = build.OpenSnapshot();
        now.Checkpoint.IsComplete.Should().BeTrue();
        now.Count(0, []).Should().Be(100);
    }

    [Test]
    public void A_writer_with_a_lower_fencing_token_writes_nothing()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        using var other = files.Open();
        using var old = build.OpenWriter(5)!;
        old.Begin();
        old.Rollback();

        using (var writer = other.OpenWriter(6)!) writer.Checkpoint.Position.Should().Be(GlobalPosition.Start);
        old.Begin();
        ViewFiles.Put(old, "order-1", 1, 1, 1);
        old.Commit(ViewFiles.At(1)).Should().BeFalse();
        old.ReportStall("stalled");

        other.OpenWriter(5).Should().BeNull();
        build.FencingToken.Should().Be(6);
        using var snapshot = build.OpenSnapshot();
        snapshot.Stall.Should().BeNull();
        snapshot.Count(0, []).Should().Be(0);
        snapshot.Checkpoint.Should().Be(default(ViewCheckpoint));
    }

    [Test]
    public void One_writer_is_open_at_a_time()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        using (build.OpenWriter(1)) build.Invoking(b => b.OpenWriter(1)).Should().Throw<InvalidOperationException>();
        build.OpenWriter(1)!.Dispose();
    }

    [Test]
    public void A_log_for_reading_only_reads_its_views_only()
    {
        using var files = new ViewFiles();
        files.CreateWith(3);
        using IEventLog log = SqliteEventLog.Open(files.LogPath, new() { ReadOnly = true });
        var storage = log.Find<IViewStorage>()!;

        using (var build = storage.Open(ViewFiles.First, ViewFiles.Orders)!)
        {
            using var snapshot = build.OpenSnapshot();
            snapshot.Count(0, []).Should().Be(3);
            build.Invoking(b => b.OpenWriter(2)).Should().Throw<StoreReadOnlyException>();
        }

        storage.Invoking(s => s.TryRemove(ViewFiles.First)).Should().Throw<StoreReadOnlyException>();
        storage.Invoking(s => s.Create(new("other", 1, 1), s_otherLog, ViewFiles.Orders)).Should().Throw<StoreReadOnlyException>();
    }

    [Test]
    public void Closing_the_log_closes_builds_snapshots_and_writers()
    {
        using var files = new ViewFiles();
        var build = files.Create();
        ViewFiles.Write(build, 1);
        var snapshot = build.OpenSnapshot();
        var writer = build.OpenWriter(1)!;
        writer.Begin();
        var storage = files.Storage;

        files.Reopen();

        snapshot.Invoking(s => s.Count(0, [])).Should().Throw<ObjectDisposedException>();
        writer.Invoking(w => w.Commit(ViewFiles.At(1))).Should().Throw<ObjectDisposedException>();
        build.Invoking(b => b.OpenSnapshot()).Should().Throw<ObjectDisposedException>();
        storage.Invoking(s => s.FindBuilds()).Should().Throw<ObjectDisposedException>();
        snapshot.Dispose();
        writer.Dispose();
        build.Dispose();
        Directory.GetFiles(files.Folder).Should().Equal(files.Path);
    }

    [Test]
    public void A_writer_reads_what_was_committed()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 20);
        using var writer = build.OpenWriter(1)!;
        writer.Begin();
        ViewFiles.Put(writer, "order-5", 50, 77, 1);
        writer.Remove(0, "order-6", GlobalPosition.FromInt64(1));

        writer.TryFind(0, "order-5", out _, out var position).Should().BeTrue();
        position.Should().Be(GlobalPosition.FromInt64(6));
        writer.TryFind(0, "order-6", out _, out _).Should().BeTrue();
        writer.FindKeys(0, 0, 5).Should().Equal("order-15", "order-5");
        writer.Commit(ViewFiles.At(50)).Should().BeTrue();
        writer.FindKeys(0, 0, 77).Should().Equal("order-5");
        writer.TryFind(0, "order-6", out _, out _).Should().BeFalse();
    }

    [Test]
    public async Task Snapshots_of_many_threads_each_see_one_state()
    {
        using var files = new ViewFiles();
        using var build = files.Create();
        ViewFiles.Write(build, 1);
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 16).Select(_ => Task.Run(() =>
        {
            var count = 0;
            do
            {
                using var snapshot = build.OpenSnapshot();
                var position = snapshot.Checkpoint.Position.ToInt64();
                snapshot.Read(new() { Table = 0, Max = 1000 }).Should().HaveCount((int)position);
                snapshot.Count(0, [new(1, 0L, null)]).Should().Be(position);
                count++;
            }
            while (!done.IsCancellationRequested);
            return count;
        })).ToArray();
        using (var writer = build.OpenWriter(1)!)
        {
            for (var i = 1; i < 100; i++)
            {
                writer.Begin();
                ViewFiles.Put(writer, $"order-{i}", i + 1, 1, i);
                writer.Commit(ViewFiles.At(i + 1)).Should().BeTrue();
            }
        }

        await done.CancelAsync();
        (await Task.WhenAll(readers)).Should().OnlyContain(count => count > 0);
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
