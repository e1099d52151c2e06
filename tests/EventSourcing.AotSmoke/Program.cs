using EventSourcing;
using EventSourcing.AotSmoke;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Microsoft.Extensions.DependencyInjection;

// Published with NativeAOT and run: the proof that the public way through the library needs neither reflection nor run-time code.

var types = EventTypeMap.Create(SmokeJson.Default, map => map
    .Add<AccountOpened>("account-opened", e => e.Tag("owner", "owner"))
    .Add<AmountDeposited>("amount-deposited", e => e.SchemaVersion(3)
        .Upcast(from: 1, json =>
        {
            json["euros"] = (decimal)json["cents"]! / 100;
            return json;
        })
        .Upcast<AmountDepositedV2>(from: 2, old => new AmountDeposited(old.Euros))
        .Require("The amount is above 0", a => a.Amount > 0))
    .Add<AccountRenamed>("account-renamed", e => e.UpcastTo(old => new AccountOpened(old.Owner)))
    .Add<AmountWithdrawn>("amount-withdrawn"));
var folder = Directory.CreateTempSubdirectory("eventsourcing-aot-");
var failed = false;
try
{
    var file = Path.Combine(folder.FullName, "accounts.db");
    await using (var store = SqliteEventStore.Open(file, types))
    {
        var stored = await store.AppendAsync("account-1", ExpectedVersion.NoStream, [new AccountOpened("ann"), new AmountDeposited(100m)]);
        Check("append", stored is { Version: 2, Count: 2, WasDuplicate: false });

        var executed = await store.ExecuteAsync<Account>("account-1", account => account.Withdraw(30m), new() { CommandId = "withdraw-1" });
        Check("execute", executed is { StreamVersion: 3, State: { Owner: "ann", Balance: 70m }, WasDuplicate: false });
        var repeated = await store.ExecuteAsync<Account>("account-1", account => account.Withdraw(30m), new() { CommandId = "withdraw-1" });
        Check("execute again", repeated is { StreamVersion: 3, State.Balance: 70m, WasDuplicate: true });

        Check("stale write", await RefusesAsync<WrongExpectedVersionException>(
            async () => await store.AppendAsync("account-1", ExpectedVersion.Exactly(2), [new AmountDeposited(1m)])));
        Check("condition", await RefusesAsync<AppendConditionFailedException>(async () => await store.AppendAsync(new Append()
            .To("account-2", ExpectedVersion.NoStream, [new AccountOpened("ann")])
            .FailIf(EventQuery.Of<AccountOpened>().Tagged("owner", "ann")))));
    }

    await using (var store = SqliteEventStore.Open(file, types))
    {
        var read = new List<string>();
        await foreach (var e in store.ReadStreamAsync("account-1")) read.Add($"{e.Version} {e.Type}");
        Check("read a stream", read is ["1 account-opened", "2 amount-deposited", "3 amount-withdrawn"]);

        var all = new List<object>();
        await foreach (var e in store.ReadAllAsync(EventQuery.Of<AmountWithdrawn>())) all.Add(e.Data);
        Check("read by query", all is [AmountWithdrawn { Amount: 30m }]);

        Check("constraint", await RefusesAsync<InvalidEventException>(async () => await store.AppendAsync("account-1", ExpectedVersion.Any, [new AmountDeposited(0m)])));
        var catalog = types.ExportCatalog();
        Check("catalogue", catalog.Contains("\"euros\"", StringComparison.Ordinal) && catalog.Contains("\"amount\"", StringComparison.Ordinal));

        var folded = await store.LoadAsync<Account>("account-1");
        Check("fold", folded is { StreamVersion: 3, State.Balance: 70m });
        Check("fold through a version", (await store.LoadAsync<Account>("account-1", throughVersion: 2)).State.Balance == 100m);
    }

    await using (var log = new InMemoryEventLog())
    {
        await StoreAsync(log, "amount-deposited", 1, """{"cents":250}"""u8.ToArray());
        await StoreAsync(log, "amount-deposited", 2, """{"euros":3.5}"""u8.ToArray());
        await StoreAsync(log, "account-renamed", 1, """{"owner":"bob"}"""u8.ToArray());
        var upcast = new List<object>();
        await foreach (var e in new EventStore(log, types).ReadAllAsync()) upcast.Add(e.Data);
        Check("upcasters", upcast is [AmountDeposited { Amount: 2.5m }, AmountDeposited { Amount: 3.5m }, AccountOpened { Owner: "bob" }]);
    }

    await using (var services = new ServiceCollection()
        .AddEventSourcing(es => es.UseSqlite(Path.Combine(folder.FullName, "viewed.db")).UseEventTypes(types).AddProjection<AccountList>())
        .AddEventSourcing("branch", es => es.UseInMemory().UseEventTypes(types).AddProjection<AccountList>())
        .BuildServiceProvider())
    {
        await CheckViewsAsync("view", services.GetRequiredService<IEventStore>(), services.GetRequiredService<EventViews>(), services.GetRequiredService<IView<AccountRow>>());
        await CheckViewsAsync("view of a store with a key", services.GetRequiredKeyedService<IEventStore>("branch"), services.GetRequiredKeyedService<EventViews>("branch"), services.GetRequiredKeyedService<IView<AccountRow>>("branch"));
    }
}
finally
{
    folder.Delete(recursive: true);
}

return failed ? 1 : 0;

async Task CheckViewsAsync(string what, IEventStore store, EventViews views, IView<AccountRow> accounts)
{
    await views.StartAsync();
    var appended = await store.AppendAsync("account-1", ExpectedVersion.NoStream, [new AccountOpened("ann"), new AmountDeposited(100m), new AmountWithdrawn(30m)]);
    Check(what, await accounts.At(appended.LastPosition).FindAsync("1") == new AccountRow("ann", 70m, 2));
    Check($"{what}, by index", await accounts.Where("owner", "ann").CountAsync() == 1);
    await views.RebuildAsync("account-list");
    Check($"{what}, verified", (await views.VerifyAsync("account-list")).IsEqual);
}

static async Task StoreAsync(IEventLog log, string type, int schemaVersion, byte[] json) => await log.AppendAsync(
    new() { Writes = new StreamWrite[] { new("account-1", ExpectedVersion.Any, new[] { new LogEvent { Type = type, SchemaVersion = schemaVersion, Data = json, IsJson = true } }) } }, default);

void Check(string what, bool holds)
{
    Console.WriteLine($"{(holds ? "OK" : "FAILED")} {what}");
    failed |= !holds;
}

static async Task<bool> RefusesAsync<TException>(Func<Task> action) where TException : Exception
{
    try
    {
        await action();
        return false;
    }
    catch (TException)
    {
        return true;
    }
}
