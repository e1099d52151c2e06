using EventSourcing;
using EventSourcing.Sqlite;
using FluentAssertions;

Directory.CreateDirectory("backup");
var store = SqliteEventStore.Open("orders.db", Shop.Types);
var log = (SqliteEventLog)store.Log;
await store.AppendAsync("order-42", ExpectedVersion.NoStream, [new OrderPaid(1m)]);

// blocks

foreach (var copy in (string[])["copy.db", "copy-2.db"])
{
    (await SqliteEventLog.VerifyAsync(copy)).Should().BeEquivalentTo(new { IsIntact = true, Events = 1L });
    await using var opened = SqliteEventLog.Open(copy, new() { MustExist = true });
}

EventSourcing.Documentation.Tests.Run.Sql("orders.db", "DROP VIEW events");
using (var printed = new StringWriter())
{
    Console.SetOut(printed);
    await RepairAsync();
    printed.ToString().Should().Contain("repaired: view events");
}

// The restore, after a crash: a killed process leaves its write-ahead log behind.
await store.AppendAsync("order-42", ExpectedVersion.Any, [new OrderPaid(2m)]);
await store.DisposeAsync();
await File.WriteAllTextAsync("orders.db-wal", "another file's");
EventSourcing.Documentation.Tests.Run.Shell("restore");
(await SqliteEventLog.VerifyAsync("orders.db")).Should().BeEquivalentTo(new { IsIntact = true, Events = 1L, JournalBytes = 0L });
await using var restored = SqliteEventStore.Open("orders.db", Shop.Types);
(await restored.ReadStreamAsync("order-42").Select(e => e.Data).ToListAsync()).Should().Equal(new OrderPaid(1m));
