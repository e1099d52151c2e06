using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.OpenLog;

/// <summary>What user code may do with the connection of its transaction, and what becomes of what it keeps.</summary>
public class UserCodeTests : OpenLogTest
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    [SetUp]
    public void Fill() => Sql("CREATE TABLE mine (id INTEGER PRIMARY KEY, t BLOB); INSERT INTO mine VALUES (1, x'00'), (2, x'00'); "
        + "CREATE TRIGGER no BEFORE INSERT ON mine WHEN NEW.id = 99 BEGIN SELECT RAISE(ROLLBACK, 'no'); END");

    private static LogAppend Appended(string stream, string json = "{}", string? commandId = null) => new() { CommandId = commandId, Writes = new StreamWrite[] { new(stream, ExpectedVersion.Any, new[] { Event("a", json) }) } };

    private async Task IsIntactAsync(params string[] data)
    {
        var events = await AllAsync();
        events.Select(e => System.Text.Encoding.UTF8.GetString(e.Data.Span)).Should().Equal(data);
        events.Select(e => e.Position.ToInt64()).Should().Equal(Enumerable.Range(1, data.Length).Select(i => (long)i));
        (await Log.VerifyAsync()).Issues.Should().BeEmpty();
    }

    private Task<T> WorkAsync<T>(Func<SqliteLogTransaction, T> work) => Log.InSqliteTransactionAsync(work).AsTask().WaitAsync(s_patience);

    private Task<int> WorkAsync(Action<SqliteLogTransaction> work) => WorkAsync(tx =>
    {
        work(tx);
        return 0;
    });

    // ---- savepoints

    [Test]
    public async Task Rolling_back_to_a_savepoint_takes_its_appends_back()
    {
        await WorkAsync(tx =>
        {
            tx.Connection.Run("SAVEPOINT mine");
            tx.Append(Appended("s", "1"));
            tx.Connection.Run("ROLLBACK TO mine");
            var second = tx.Append(Appended("s", "2"));
            second.FirstPosition.ToInt64().Should().Be(1);
            second.Version.Should().Be(1);
        });
        await IsIntactAsync("2");
        await AppendAsync("s", Event("b", "3"));
        await IsIntactAsync("2", "3");
    }

    [Test]
    public async Task A_waiter_at_the_head_continues_to_wait_when_appends_were_rolled_back_to_a_savepoint()
    {
        await WorkAsync(tx =>
        {
            tx.Connection.Run("SAVEPOINT mine");
            tx.Append(Appended("s"));
            tx.Connection.Run("ROLLBACK TO mine");
        });
        var waiting = Log.WaitAsync(GlobalPosition.Start, default).AsTask();
        waiting.IsCompleted.Should().BeFalse();
        await AppendAsync("s", Event("a", "{}"));
        await waiting.WaitAsync(s_patience);
    }

    [Test]
    public async Task Records_and_the_command_of_a_savepoint_rolled_back_are_free_again()
    {
        await WorkAsync(tx =>
        {
            tx.Connection.Run("SAVEPOINT mine");
            tx.Append(new() { Tracking = new("source", 5) }).WasDuplicate.Should().BeFalse();
            tx.Append(Appended("s", commandId: "c"));
            tx.Connection.Run("ROLLBACK TO mine; RELEASE mine");
            tx.Append(new() { Tracking = new("source", 5) }).WasDuplicate.Should().BeFalse();
            tx.Append(Appended("s", "2", "c")).WasDuplicate.Should().BeFalse();
        });
        await IsIntactAsync("2");
    }

    // ---- the end of the transaction within the work

    [TestCase("INSERT OR ROLLBACK INTO mine VALUES (1, NULL)")]
    [TestCase("INSERT INTO mine VALUES (99, NULL)")]
    public async Task Nothing_is_written_once_the_transaction_was_rolled_back(string sql)
    {
        var refused = new List<string>();
        void Refuses<TException>(string what, Action door) where TException : Exception
        {
            try
            {
                door();
            }
            catch (TException)
            {
                refused.Add(what);
            }
        }

        var work = () => WorkAsync(tx =>
        {
            tx.Append(Appended("s"));
            var connection = tx.Connection;
            using var write = connection.CreateCommand();
            write.CommandText = "INSERT INTO mine VALUES (7, NULL)";
            write.Prepare();
            using var savepoint = connection.CreateCommand();
            savepoint.CommandText = "SAVEPOINT mine";
            savepoint.Prepare();
            Refuses<SqliteException>("sql", () => connection.Run(sql));
            Refuses<SqliteException>("prepared write", () => write.ExecuteNonQuery());
            savepoint.ExecuteNonQuery();
            Refuses<SqliteException>("new write", () => connection.Run("INSERT INTO mine VALUES (8, NULL)"));
            Refuses<SqliteException>("begin", () => connection.Run("BEGIN"));
            Refuses<InvalidOperationException>("append", () => tx.Append(Appended("s")));
            Refuses<InvalidOperationException>("connection", () => _ = tx.Connection);
        });
        (await work.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*Nothing of the transaction is kept*");
        refused.Should().Equal("sql", "prepared write", "new write", "begin", "append", "connection");
        Count("mine").Should().Be(2);
        Count("es_records").Should().Be(0);
        await IsIntactAsync();
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        await IsIntactAsync("1");
    }

    [Test]
    public async Task Appends_beside_work_that_was_rolled_back_are_stored_once()
    {
        var others = Enumerable.Range(0, 20).Select(i => AppendAsync("o", Event("a", "{}")).AsTask()).ToList();
        for (var i = 0; i < 5; i++)
        {
            var work = () => WorkAsync(tx =>
            {
                tx.Append(Appended("s"));
                try
                {
                    tx.Connection.Run("INSERT OR ROLLBACK INTO mine VALUES (1, NULL)");
                }
                catch (SqliteException)
                {
                    tx.Append(Appended("s"));
                }
            });
            await work.Should().ThrowAsync<InvalidOperationException>();
            others.Add(AppendAsync("o", Event("a", "{}")).AsTask());
        }

        await Task.WhenAll(others);
        await IsIntactAsync([.. Enumerable.Repeat("{}", 25)]);
    }

    // ---- after the work

    [Test]
    public async Task A_kept_connection_can_do_nothing_after_the_work()
    {
        await AppendAsync("s", Event("a", "1"));
        SqliteConnection kept = null!;
        SqliteCommand prepared = null!;
        await WorkAsync(tx =>
        {
            kept = tx.Connection;
            prepared = kept.CreateCommand();
            prepared.CommandText = "INSERT INTO mine VALUES (7, NULL)";
            prepared.Prepare();
        });
        string[] statements =
        [
            "DELETE FROM es_events", "INSERT INTO mine VALUES (8, NULL)", "SELECT * FROM mine", "PRAGMA synchronous = OFF", "PRAGMA table_info(mine)",
            "ATTACH ':memory:' AS other", "BEGIN", "SAVEPOINT mine", "DROP TABLE es_events", "CREATE TEMP TABLE es_events (position)", "INSERT INTO events (eventType, data) VALUES ('x', '{}')",
        ];
        foreach (var sql in statements) kept.Invoking(c => c.Run(sql)).Should().Throw<SqliteException>(sql);
        prepared.Invoking(c => c.ExecuteNonQuery()).Should().Throw<SqliteException>();
        kept.Invoking(c => c.BeginTransaction()).Should().Throw<InvalidOperationException>();
        // Nor while the connection is another's.
        await WorkAsync(tx =>
        {
            var elsewhere = () => Task.Run(() => kept.Run("INSERT INTO mine VALUES (9, NULL)")).GetAwaiter().GetResult();
            elsewhere.Should().Throw<SqliteException>();
            tx.Append(Appended("s", "2"));
        });
        Count("mine").Should().Be(2);
        await IsIntactAsync("1", "2");
    }

    [Test]
    public async Task A_kept_connection_that_is_closed_costs_nobody_anything()
    {
        var kept = await WorkAsync(tx => tx.Connection);
        kept.Close();
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        await IsIntactAsync("1");
    }

    [Test]
    public async Task A_reader_left_open_fails_its_own_work_and_no_other()
    {
        SqliteDataReader kept = null!;
        var work = () => WorkAsync(tx =>
        {
            var command = tx.Connection.CreateCommand();
            command.CommandText = "SELECT id FROM mine";
            kept = command.ExecuteReader();
            kept.Read();
            tx.Append(Appended("s"));
        });
        (await work.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*SELECT id FROM mine*");
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        kept.Read().Should().BeFalse();
        kept.Dispose();
        await WorkAsync(tx => tx.Append(Appended("s", "2")));
        await IsIntactAsync("1", "2");
    }

    [Test]
    public async Task A_reader_left_open_by_work_that_throws_leaves_the_exception_as_it_is()
    {
        var work = () => WorkAsync(tx =>
        {
            var command = tx.Connection.CreateCommand();
            command.CommandText = "SELECT id FROM mine";
            command.ExecuteReader().Read();
            throw new InvalidTimeZoneException();
        });
        await work.Should().ThrowAsync<InvalidTimeZoneException>();
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        await IsIntactAsync("1");
    }

    [Test]
    public async Task A_blob_left_open_fails_its_own_work_and_no_other()
    {
        SqliteBlob kept = null!;
        var work = () => WorkAsync(tx => kept = new SqliteBlob(tx.Connection, "mine", "t", 1));
        (await work.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*blob*");
        for (var i = 1; i <= 2; i++) await WorkAsync(tx => tx.Append(Appended("s", "1")));
        kept.Invoking(b => b.Write([1], 0, 1)).Should().Throw<Exception>();
        kept.Dispose();
        Count("mine WHERE t = x'00'").Should().Be(2);
        await IsIntactAsync("1", "1");
    }

    [Test]
    public async Task A_reader_read_to_its_end_and_one_that_is_disposed_are_no_hindrance()
    {
        await WorkAsync(tx =>
        {
            tx.Connection.Rows("SELECT id FROM mine").Should().HaveCount(2);
            using var command = tx.Connection.CreateCommand();
            command.CommandText = "INSERT INTO mine VALUES (3, NULL), (4, NULL) RETURNING id";
            using (var reader = command.ExecuteReader()) reader.Read();
            tx.Append(Appended("s", "1"));
        });
        Count("mine").Should().Be(4);
        await IsIntactAsync("1");
    }

    // ---- what is refused

    [TestCase("PRAGMA synchronous = OFF")]
    [TestCase("PRAGMA schema_version = 1")]
    [TestCase("PRAGMA max_page_count = 10")]
    [TestCase("PRAGMA hard_heap_limit = 100000")]
    [TestCase("PRAGMA soft_heap_limit = 100000")]
    [TestCase("PRAGMA recursive_triggers = 1")]
    [TestCase("PRAGMA foreign_keys = 0")]
    [TestCase("PRAGMA ignore_check_constraints = 1")]
    [TestCase("PRAGMA mmap_size = 1000000")]
    [TestCase("PRAGMA reverse_unordered_selects = 1")]
    [TestCase("PRAGMA temp_store = 1")]
    [TestCase("PRAGMA main.cell_size_check = 1")]
    [TestCase("PRAGMA wal_checkpoint(TRUNCATE)")]
    [TestCase("PRAGMA wal_checkpoint")]
    [TestCase("PRAGMA optimize")]
    [TestCase("PRAGMA some_future_pragma = 1")]
    [TestCase("CREATE TEMP TABLE es_events (position)")]
    [TestCase("CREATE TEMP VIEW events AS SELECT 1")]
    [TestCase("CREATE TEMP TRIGGER t AFTER INSERT ON es_events BEGIN DELETE FROM mine; END")]
    [TestCase("CREATE TRIGGER t AFTER INSERT ON es_events BEGIN DELETE FROM mine; END")]
    [TestCase("CREATE INDEX mine_type ON es_events (type)")]
    [TestCase("CREATE UNIQUE INDEX mine_value ON es_records (value)")]
    [TestCase("CREATE INDEX es_events_correlation ON mine (t)")]
    [TestCase("CREATE INDEX \"es_promoted_text\" ON mine (t)")]
    [TestCase("CREATE TABLE es_mine (a)")]
    [TestCase("CREATE VIEW ES_MINE AS SELECT 1")]
    [TestCase("CREATE VIRTUAL TABLE temp.es_records USING fts5 (kind, key, revision, checksum, value)")]
    [TestCase("CREATE VIRTUAL TABLE words USING fts5 (word); CREATE VIRTUAL TABLE temp.es_ids USING fts5vocab ('main', 'words', 'row')")]
    [TestCase("CREATE TEMP TABLE own (kind, key, revision, checksum, value, PRIMARY KEY (kind, key)); ALTER TABLE own RENAME TO es_records")]
    [TestCase("DROP TRIGGER es_events_delete")]
    [TestCase("DROP TRIGGER events_insert")]
    [TestCase("DROP VIEW events")]
    [TestCase("DROP TABLE es_records")]
    [TestCase("ALTER TABLE es_events ADD COLUMN mine")]
    [TestCase("ALTER TABLE es_events RENAME TO gone")]
    public async Task What_outlives_the_transaction_or_changes_the_log_is_refused_and_says_why(string sql)
    {
        var work = () => WorkAsync(tx => tx.Connection.Run(sql));
        (await work.Should().ThrowAsync<SqliteException>()).WithMessage("*A statement of the work was refused: *").Which.SqliteErrorCode.Should().Be(23);
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        await IsIntactAsync("1");
    }

    // A new name is not told when a table is renamed.
    [Test]
    public async Task What_takes_a_name_of_the_logs_by_renaming_is_not_committed()
    {
        var work = () => WorkAsync(tx =>
        {
            tx.Append(Appended("s", "0"));
            tx.Connection.Run("ALTER TABLE mine RENAME TO es_events_correlation");
        });
        await work.Should().ThrowAsync<StoreSchemaException>().WithMessage("*es_events_correlation*");
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        await AppendAsync("s", Event("b", "2"));
        await IsIntactAsync("1", "2");
    }

    // Opened again it would wait for the lock of its own transaction.
    [Test]
    public async Task A_connection_that_the_work_has_closed_is_not_opened_again()
    {
        var refusal = default(Exception);
        var work = () => WorkAsync(tx =>
        {
            var connection = tx.Connection;
            tx.Append(Appended("s", "0"));
            connection.Close();
            refusal = Assert.Catch(connection.Open);
        });
        await work.Should().ThrowAsync<InvalidOperationException>().WithMessage("*closed its connection*");
        refusal.Should().BeOfType<InvalidOperationException>().Which.Message.Should().Contain("cannot be opened again");
        await WorkAsync(tx => tx.Append(Appended("s", "1")));
        await IsIntactAsync("1");
    }

    [TestCase("PRAGMA table_info(mine)")]
    [TestCase("SELECT * FROM pragma_table_info('mine')")]
    [TestCase("PRAGMA foreign_key_check")]
    [TestCase("PRAGMA defer_foreign_keys = ON")]
    [TestCase("PRAGMA user_version")]
    [TestCase("PRAGMA user_version = 3")]
    [TestCase("PRAGMA journal_mode")]
    [TestCase("PRAGMA main.page_count")]
    [TestCase("CREATE TABLE other (a); CREATE INDEX other_a ON other (a); DROP TABLE other")]
    [TestCase("SAVEPOINT one; INSERT INTO mine VALUES (3, NULL); ROLLBACK TO one; RELEASE one")]
    public async Task What_ends_with_the_transaction_is_free(string sql)
    {
        await WorkAsync(tx =>
        {
            tx.Connection.Run(sql);
            tx.Append(Appended("s", "1"));
        });
        await IsIntactAsync("1");
    }

    [Test]
    public async Task Tables_that_are_captured_may_be_dropped()
    {
        await Log.CaptureTableAsync("mine");
        await WorkAsync(tx => tx.Connection.Run("DROP TABLE mine"));
        await IsIntactAsync();
    }

    [Test]
    public async Task Temporary_tables_and_attached_files_are_gone_after_the_work()
    {
        await WorkAsync(tx => tx.Connection.Run("CREATE TEMP TABLE scratch (a); INSERT INTO scratch VALUES (1)"));
        await WorkAsync(tx => tx.Connection.Rows("SELECT count(*) FROM sqlite_temp_master")).ContinueWith(t => t.Result.Should().Equal("0"), TaskScheduler.Default);
        await WorkAsync(tx => tx.Connection.Run("ATTACH ':memory:' AS other"));
        (await WorkAsync(tx => tx.Connection.Rows("SELECT name FROM pragma_database_list ORDER BY seq"))).Should().NotContain("other");
    }

    [Test]
    public async Task A_transaction_begun_inside_says_what_to_do_with_EF_Core()
    {
        var begin = () => WorkAsync(tx => tx.Connection.BeginTransaction());
        (await begin.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*AutoTransactionBehavior.Never*");
        var asDbConnection = () => WorkAsync(tx => ((System.Data.Common.DbConnection)tx.Connection).BeginTransaction());
        (await asDbConnection.Should().ThrowAsync<InvalidOperationException>()).WithMessage("*AutoTransactionBehavior.Never*");
        var sql = () => WorkAsync(tx => tx.Connection.Run("BEGIN"));
        (await sql.Should().ThrowAsync<SqliteException>()).WithMessage("*AutoTransactionBehavior.Never*");
    }

    // ---- whose error it is

    [Test]
    public async Task An_error_of_another_database_is_the_callers_as_it_is()
    {
        var failure = new SqliteException("of another database", 5);
        var others = Enumerable.Range(0, 20).Select(i => AppendAsync("o", Event("a", "{}")).AsTask()).ToList();
        var runs = 0;
        var work = async () => await Log.InSqliteTransactionAsync<int>(
            t =>
            {
                runs++;
                t.Append(Appended("s"));
                throw failure;
            },
            default);
        (await work.Should().ThrowAsync<SqliteException>()).Which.Should().BeSameAs(failure);
        runs.Should().Be(1);
        await Task.WhenAll(others);
        await IsIntactAsync([.. Enumerable.Repeat("{}", 20)]);
    }
}
