using System.Collections.Concurrent;
using EventSourcing.Sqlite.Native;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Faults;

/// <summary>Records whose checksum does not fit: they are named, kept from being read as sound, and can be removed.</summary>
[Parallelizable(ParallelScope.All)]
public class DamagedRecordTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        // The log's own guards stop accidents only.
        _ = SQLitePCL.raw.sqlite3_db_config(connection.Handle, NativeMethods.ConfigEnableTrigger, 0, out _);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery().Should().Be(1);
    }

    private static async Task<bool> ChangeAsync(SqliteEventLog log, RecordChange change) => (await log.WriteAsync(new() { Changes = [change] }, default)).Changed[0];

    private static async Task<string> KeysAsync(SqliteEventLog log, string from) =>
        string.Concat((await log.ReadRecordsAsync(RecordKind.View, from, null, 10, default)).Select(r => r.Key));

    [Test]
    public async Task Page_of_records_ends_before_a_damaged_one_and_the_next_names_it()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        foreach (var key in new[] { "a", "b", "c", "d" }) await ChangeAsync(log, RecordChange.Put(RecordKind.View, key, new byte[] { 1 }, 0));
        Execute(file.Path, "UPDATE es_records SET value = X'02' WHERE key = 'c'");
        (await KeysAsync(log, "")).Should().Be("ab");
        (await KeysAsync(log, "d")).Should().Be("d");
        var refused = async () => await KeysAsync(log, "b ");
        (await refused.Should().ThrowAsync<StoreCorruptException>()).Which.RecordKey.Should().Be("c");
    }

    [Test]
    public async Task Damaged_record_is_removed_in_any_case_and_never_compared()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await ChangeAsync(log, RecordChange.Put(RecordKind.View, "c", new byte[] { 1 }, 0));
        Execute(file.Path, "UPDATE es_records SET value = X'02' WHERE key = 'c'");
        var compared = new LogWrite[]
        {
            new() { Requirements = [RecordRequirement.StartsWith(RecordKind.View, "c", default)] },
            new() { Requirements = [RecordRequirement.Absent(RecordKind.View, "c")] },
            new() { Changes = [RecordChange.Remove(RecordKind.View, "c", 1).OrSkip()] },
            new() { Changes = [RecordChange.Put(RecordKind.View, "c", default)] },
        };
        foreach (var write in compared)
            (await log.Awaiting(l => l.WriteAsync(write, default).AsTask()).Should().ThrowAsync<StoreCorruptException>()).Which.RecordKey.Should().Be("c");
        (await ChangeAsync(log, RecordChange.Remove(RecordKind.View, "c"))).Should().BeTrue();
        (await ChangeAsync(log, RecordChange.Remove(RecordKind.View, "c"))).Should().BeFalse();
        (await log.VerifyAsync()).IsIntact.Should().BeTrue();
    }

    [TestCase("UPDATE es_records SET value = X'00' WHERE kind = (SELECT min(kind) FROM es_records WHERE key LIKE 'parks/%') AND key LIKE '%/0000000000000001'")]
    [TestCase("UPDATE es_records SET revision = 9 WHERE kind = (SELECT min(kind) FROM es_records WHERE key LIKE 'parks/%') AND key LIKE '%/0000000000000001'")]
    public async Task Subscription_with_a_damaged_parked_record_starts_lists_retries_and_discards(string damage)
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        await using var store = new EventStore(log, EventTypeMap.Empty);
        var (isBroken, seen) = (true, new ConcurrentQueue<long>());
        var handler = SubscriptionHandler.RawEach((e, _, _) =>
        {
            if (isBroken) throw new InvalidOperationException("broken");
            seen.Enqueue(e.Position.ToInt64());
            return Task.CompletedTask;
        });
        for (var i = 0; i < 3; i++)
            await log.AppendAsync(new() { Writes = new[] { new StreamWrite($"s-{i % 2}", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);
        var options = new SubscriptionOptions { OnFailure = new() { MaxRetryAttempts = 0, Then = AfterRetries.Park } };
        var three = GlobalPosition.FromInt64(3);
        await using (var bus = new EventBus(store))
            await (await bus.SubscribeAsync("parks", handler, options)).WaitForPositionAsync(three).WaitAsync(s_patience);
        Execute(file.Path, damage);
        await using (var bus = new EventBus(store))
        {
            var active = new TaskCompletionSource<SubscriptionState>(TaskCreationOptions.RunContinuationsAsynchronously);
            bus.StateChanged += (_, state, _) =>
            {
                if (state is SubscriptionState.Live or SubscriptionState.Faulted) active.TrySetResult(state);
            };
            var subscription = await bus.SubscribeAsync("parks", handler, options);
            (await active.Task.WaitAsync(s_patience)).Should().Be(SubscriptionState.Live);
            var parked = new List<ParkedEvent>();
            await foreach (var e in subscription.ReadParkedAsync()) parked.Add(e);
            parked.Select(p => p.Event.Position.ToInt64()).Should().BeEquivalentTo([1L, 2L, 3L]);
            parked.Single(p => p.Event.Position.ToInt64() == 1).Reason.Should().Contain("damaged").And.Contain("parks/00/");
            (await subscription.RetryAsync("s-0").WaitAsync(s_patience)).Should().Be(0, "the handler is broken still");
            isBroken = false;
            (await subscription.RetryAllAsync().WaitAsync(s_patience)).Should().Be(3);
            seen.Should().BeEquivalentTo([1L, 2L, 3L]);
        }

        (await log.VerifyAsync()).IsIntact.Should().BeTrue();
    }
}
