using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventSourcing.KillTest;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Sqlite.Versioning;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Migration;

public class MigrationTests
{
    private TemporaryFile _file = null!;

    [SetUp]
    public void Create() => _file = new();

    [TearDown]
    public void Delete() => _file.Dispose();

    [Test]
    public async Task A_migrated_file_has_the_schema_of_a_new_one()
    {
        Golden.CopyTo(_file.Path);
        SqliteEventLog.Open(_file.Path).DisposeAsync().AsTask().GetAwaiter().GetResult();
        var created = _file.Path + ".new";
        using (var own = new SqliteConnection($"Data Source={created};Pooling=False"))
        {
            own.Open();
            own.Run("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, photo BLOB)");
        }

        var log = SqliteEventLog.Open(created, new() { AddToExistingDatabase = true });
        await log.AddComputedColumnAsync("orderId");
        await log.AddIndexAsync(EventIndex.Correlation);
        await log.CaptureTableAsync("customers", c => c.StreamFrom("id", "customer"));
        log.DisposeAsync().AsTask().GetAwaiter().GetResult();
        using (var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            // Of the golden file's columns, 'tags' could not be added to a new one.
            connection.Open();
            SQLitePCL.raw.sqlite3_db_config(connection.Handle!, 1003, 0, out _);
            connection.Run("DELETE FROM es_promoted WHERE name = 'tags'; DROP INDEX es_promoted_tags; DROP VIEW events; DROP TRIGGER es_inbox_append");
        }

        SqliteEventLog.RepairAsync(_file.Path).AsTask().GetAwaiter().GetResult();
        GoldenFileTests.Schema(_file.Path).Should().Equal(GoldenFileTests.Schema(created));
    }

    [Test]
    public void A_fault_at_any_statement_leaves_the_old_schema_whole()
    {
        Golden.CopyTo(_file.Path);
        var before = Content(_file.Path);
        var faults = 0;
        for (var at = 1; ; at += at < 50 ? 1 : 7)
        {
            using (var database = Database.Writer(_file.Path, mustExist: true))
            {
                using var fault = new Fault(database, at);
                try
                {
                    SchemaMigration.Run(database, _file.Path);
                }
                catch (Exception e) when (e is SqliteException or EventSourcingException)
                {
                    faults++;
                }

                database.IsAutoCommit.Should().BeTrue();
                if (!fault.HasHappened) break;
            }

            Content(_file.Path).Should().Be(before);
        }

        faults.Should().BeGreaterThan(100);
        SqliteEventLog.Open(_file.Path).DisposeAsync().AsTask().GetAwaiter().GetResult();
        SqliteEventLog.VerifyAsync(_file.Path).AsTask().GetAwaiter().GetResult().Issues.Should().BeEmpty();
    }

    [Test]
    public async Task A_process_killed_while_it_migrates_leaves_one_schema_or_the_other()
    {
        var run = await MigrateRun.RunAsync(_file.Folder, Golden.Source, kills: 6, seed: Environment.TickCount);

        TestContext.Out.WriteLine(run);
        run.Migrated.Should().BePositive();
        run.Broken.Should().BeEmpty();
    }

    [Test]
    public async Task Of_two_who_open_it_at_once_one_migrates_it()
    {
        Golden.CopyTo(_file.Path);
        var logs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => SqliteEventLog.Open(_file.Path))));

        foreach (var log in logs)
        {
            (await GoldenFileTests.AllAsync(log)).Should().HaveCount(13);
            await log.DisposeAsync();
        }
    }

    [Test]
    public async Task A_migration_waits_for_the_lock_and_gives_up_after_the_busy_timeout()
    {
        Golden.CopyTo(_file.Path);
        using var other = new SqliteConnection($"Data Source={_file.Path};Pooling=False");
        other.Open();
        other.Run("BEGIN IMMEDIATE");

        FluentActions.Invoking(() => SqliteEventLog.Open(_file.Path, new() { BusyTimeout = TimeSpan.FromMilliseconds(50) })).Should().Throw<StoreUnavailableException>();
        var opening = Task.Run(() => SqliteEventLog.Open(_file.Path));
        other.Run("COMMIT");
        await using var log = await opening;
        (await GoldenFileTests.AllAsync(log)).Should().HaveCount(13);
    }

    [Test]
    public void What_a_library_of_schema_1_reads_with_every_transaction_is_gone()
    {
        Golden.CopyTo(_file.Path);
        using var old = new SqliteConnection($"Data Source={_file.Path};Pooling=False");
        old.Open();
        SQLitePCL.raw.sqlite3_db_config(old.Handle!, 1003, 0, out _);
        using var head = old.CreateCommand();
        head.CommandText = "SELECT max(coalesce((SELECT max(position) FROM es_events), 0), coalesce((SELECT max(last) FROM es_gaps), 0)), (SELECT min(position) FROM es_unsealed)";
        head.Prepare();
        head.ExecuteScalar().Should().Be(15L);
        SqliteEventLog.Open(_file.Path).DisposeAsync().AsTask().GetAwaiter().GetResult();

        head.Invoking(h => h.ExecuteScalar()).Should().Throw<SqliteException>().WithMessage("*es_unsealed*");
    }

    [TestCase("CREATE INDEX own ON es_events (type)", "index 'own'")]
    [TestCase("CREATE TRIGGER own AFTER INSERT ON es_events BEGIN SELECT 1; END", "trigger 'own'")]
    [TestCase("DROP INDEX es_events_stream", "index 'es_events_stream' is missing")]
    [TestCase("ALTER TABLE es_gaps ADD COLUMN more", "table 'es_gaps'")]
    [TestCase("CREATE TABLE es_unfinished (position)", "es_unfinished")]
    [TestCase("CREATE VIEW es_draft AS SELECT 1", "es_draft")]
    public void A_file_that_is_not_what_its_number_says_is_not_migrated(string change, string named)
    {
        Golden.CopyTo(_file.Path);
        using (var other = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            other.Open();
            other.Run(change);
        }

        var before = Content(_file.Path);
        FluentActions.Invoking(() => SqliteEventLog.Open(_file.Path)).Should().Throw<EventSourcingException>().WithMessage($"*{named}*");
        Content(_file.Path).Should().Be(before);
    }

    [Test]
    public void A_missing_view_and_guards_of_others_are_made_again()
    {
        Golden.CopyTo(_file.Path);
        using (var other = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            other.Open();
            other.Run("DROP VIEW events; DROP TRIGGER es_log_update; DROP TRIGGER es_unsealed_insert; CREATE TRIGGER es_log_update BEFORE UPDATE ON es_log BEGIN SELECT 1; END");
        }

        SqliteEventLog.Open(_file.Path).DisposeAsync().AsTask().GetAwaiter().GetResult();
        SqliteEventLog.VerifyAsync(_file.Path).AsTask().GetAwaiter().GetResult().Issues.Should().BeEmpty();
    }

    private static string Content(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        connection.Rows("PRAGMA integrity_check").Should().Equal("ok");
        return string.Join('\n', GoldenFileTests.Schema(path).Concat(connection.Rows("SELECT name || value FROM es_log ORDER BY name")).Concat(connection.Rows("SELECT position || hex(data) FROM es_events")));
    }

    /// <summary>Makes the n-th thing fail that statements of a connection are about to do. A rollback does not fail: it is what a fault leads to.</summary>
    private sealed unsafe class Fault : IDisposable
    {
        private readonly Database _database;
        private readonly StrongBox<int> _left;
        private GCHandle _handle;

        internal Fault(Database database, int at)
        {
            (_database, _left) = (database, new(at));
            _handle = GCHandle.Alloc(_left);
            _ = NativeMethods.sqlite3_set_authorizer(database.Handle, &Deny, GCHandle.ToIntPtr(_handle));
        }

        internal bool HasHappened => _left.Value <= 0;

        public void Dispose()
        {
            _ = NativeMethods.sqlite3_set_authorizer(_database.Handle, null, 0);
            _handle.Free();
        }

        [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
        private static int Deny(nint left, int action, byte* first, byte* second, byte* database, byte* trigger)
        {
            if (action == NativeMethods.ActionTransaction && first is not null && *first == (byte)'R') return NativeMethods.Ok;
            return --((StrongBox<int>)GCHandle.FromIntPtr(left).Target!).Value == 0 ? NativeMethods.Deny : NativeMethods.Ok;
        }
    }
}
