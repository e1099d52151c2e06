using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tests.Faults;
using EventSourcing.Sqlite.Tests.OpenLog;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Writing;

/// <summary>Writes of several parts beside others in one group commit, and what their callers hear when something fails.</summary>
public class WriteItemTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(30);
    private TemporaryFile _file = null!;

    [SetUp]
    public void Create() => _file = new();

    [TearDown]
    public void Remove() => _file.Dispose();

    private static LogAppend Append(string stream, ExpectedVersion? expected = null) =>
        new() { Writes = new[] { new StreamWrite(stream, expected ?? ExpectedVersion.Any, new LogEvent[] { new() { Type = "t" } }) } };

    private static RecordChange Put(string key, long? ifRevision = null) => RecordChange.Put(RecordKind.View, key, new byte[] { 1 }, ifRevision);

    /// <summary>Queues calls while the writer is held, so that they are one group.</summary>
    private static async Task<T> AsGroupAsync<T>(SqliteEventLog log, Func<T> queue, Action? armed = null)
    {
        using var release = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holding = log.InSqliteTransactionAsync(_ =>
        {
            held.SetResult();
            return release.Wait(s_long);
        }).AsTask();
        await held.Task.WaitAsync(s_long);
        var calls = queue();
        armed?.Invoke();
        release.Set();
        await holding.WaitAsync(s_long).ContinueWith(_ => { }, TaskScheduler.Default);
        return calls;
    }

    [Test]
    public async Task Write_whose_commit_fails_is_told_that_its_outcome_is_unknown_and_a_refused_one_is_refused()
    {
        FaultyFiles.Watch();
        await using var log = SqliteEventLog.Open(_file.Path);
        await log.AppendAsync(Append("s"), default);
        var (stored, refused) = await AsGroupAsync(
            log,
            () => (
                log.WriteAsync(new() { Appends = [Append("s"), Append("t")], Changes = [Put("k")] }, default).AsTask(),
                log.WriteAsync(new() { Appends = [Append("s")], Changes = [Put("k", 7)] }, default).AsTask()),
            () => FaultyFiles.Fail(_file.Path, FaultyFiles.Operation.Sync, FaultyFiles.IoErrorSync, int.MaxValue));

        var unknown = (await stored.Awaiting(s => s.WaitAsync(s_long)).Should().ThrowAsync<AppendOutcomeUnknownException>()).Which;
        (unknown.EventIds.Count, unknown.FirstPosition.ToInt64()).Should().Be((2, 2L));
        var refusal = (await refused.WaitAsync(s_long)).Refusal;
        (refusal!.Kind, refusal.Index).Should().Be((LogRefusalKind.Change, 0));
        FaultyFiles.Clear(_file.Path);
        (await log.WriteAsync(new() { Appends = [Append("u")] }, default).AsTask().WaitAsync(s_long)).Refusal.Should().BeNull();
        (await log.VerifyAsync()).IsIntact.Should().BeTrue();
    }

    [Test]
    public async Task Write_that_meets_a_damaged_record_fails_alone()
    {
        await using var log = SqliteEventLog.Open(_file.Path);
        await log.WriteAsync(new() { Changes = [Put("damaged")] }, default);
        using (var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=False"))
        {
            connection.Open();
            // The log's own guards stop accidents only.
            _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, NativeMethods.ConfigEnableTrigger, 0, out _);
            connection.Run("UPDATE es_records SET value = X'02' WHERE key = 'damaged'");
        }

        var (bad, good, append) = await AsGroupAsync(log, () => (
            log.WriteAsync(new() { Appends = [Append("s")], Changes = [Put("damaged", 1).OrSkip()] }, default).AsTask(),
            log.WriteAsync(new() { Appends = [Append("s")], Changes = [Put("k")] }, default).AsTask(),
            log.AppendAsync(Append("s"), default).AsTask()));

        (await bad.Awaiting(b => b.WaitAsync(s_long)).Should().ThrowAsync<StoreCorruptException>()).Which.RecordKey.Should().Be("damaged");
        (await good.WaitAsync(s_long)).Appends[0].Version.Should().Be(1);
        (await append.WaitAsync(s_long)).Version.Should().Be(2);
    }

    [Test]
    public async Task Write_that_is_cancelled_in_the_queue_writes_nothing()
    {
        await using var log = SqliteEventLog.Open(_file.Path);
        using var source = new CancellationTokenSource();
        var (cancelled, stays) = await AsGroupAsync(
            log,
            () => (log.WriteAsync(new() { Appends = [Append("s")] }, source.Token).AsTask(), log.WriteAsync(new() { Appends = [Append("s", ExpectedVersion.NoStream)] }, default).AsTask()),
            source.Cancel);
        await cancelled.Awaiting(c => c.WaitAsync(s_long)).Should().ThrowAsync<OperationCanceledException>();
        (await stays.WaitAsync(s_long)).Refusal.Should().BeNull();
    }

    [Test]
    public async Task Refusal_after_appends_were_written_leaves_what_the_group_wrote_before_and_after()
    {
        await using var log = SqliteEventLog.Open(_file.Path);
        var calls = await AsGroupAsync(log, () => Enumerable.Range(0, 20).Select(i =>
            log.WriteAsync(new() { Appends = [Append("s"), Append("t", i % 2 == 1 ? ExpectedVersion.NoStream : null)], Changes = [Put($"{i}", 0)] }, default).AsTask()).ToArray());
        var written = await Task.WhenAll(calls).WaitAsync(s_long);
        for (var i = 0; i < written.Length; i++)
        {
            (written[i].Refusal is not null).Should().Be(i % 2 == 1);
            if (i % 2 == 0) written[i].Appends.Select(a => a.Version).Should().Equal((i / 2) + 1, (i / 2) + 1);
        }

        (await log.ReadRecordsAsync(RecordKind.View, "", null, 100, default)).Should().HaveCount(10);
        (await log.VerifyAsync()).IsIntact.Should().BeTrue();
    }

    [Test]
    public async Task Log_that_is_read_only_refuses_to_write()
    {
        await using (SqliteEventLog.Open(_file.Path))
        {
        }

        await using var log = SqliteEventLog.Open(_file.Path, new() { ReadOnly = true });
        await log.Awaiting(l => l.WriteAsync(new() { Changes = [Put("k")] }, default).AsTask()).Should().ThrowAsync<StoreReadOnlyException>();
    }
}
