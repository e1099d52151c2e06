using System.Diagnostics;
using System.Globalization;
using System.Text;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.KillTest;

/// <summary>What a run saw.</summary>
/// <param name="Kills">Processes killed.</param>
/// <param name="Events">Events in the log that the subscription asks for.</param>
/// <param name="Missed">Events without an effect.</param>
/// <param name="Repeated">Effects beyond the first of an event.</param>
/// <param name="MostRepeated">The most events repeated after one kill.</param>
/// <param name="Unordered">Effects that came after that of a later event without being a repeat.</param>
public sealed record KillReport(int Kills, int Events, int Missed, int Repeated, int MostRepeated, int Unordered);

/// <summary>Where the effect of an event goes.</summary>
public enum EffectPlace
{
    /// <summary>To a file beside the log, outside any transaction.</summary>
    File,

    /// <summary>To the log, in the checkpoint's transaction.</summary>
    Log,

    /// <summary>To a row of a table of the user's own, in the checkpoint's transaction.</summary>
    Table,

    /// <summary>To what a reaction's command appends.</summary>
    Command,
}

/// <summary>A process that appends and listens is killed again and again; afterwards every event must have its effect.</summary>
public static class KillRun
{
    public const int Interval = 50;

    private static readonly EventTypeMap s_types = EventTypeMap.Create(KillJson.Default, map => map.Add<Happened>("t").Add<long>("followed"));

    /// <summary>Kills <paramref name="kills"/> processes.</summary>
    public static async Task<KillReport> RunAsync(string folder, int kills, EffectPlace place, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < kills; i++)
        {
            using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(KillRun).Assembly.Location, "child", folder, place.ToString()])
            {
                RedirectStandardOutput = true,
            })!;
            // The child says so when it is active; killed from then on at a random moment.
            await child.StandardOutput.ReadLineAsync();
            await Task.Delay(random.Next(1, 250));
            child.Kill();
            await child.WaitForExitAsync();
        }

        await using var store = Open(folder);
        await using (var bus = NewBus(store))
        {
            var subscription = await StartAsync(bus, folder, place);
            await subscription.WaitForPositionAsync(await store.GetHeadAsync()).WaitAsync(TimeSpan.FromMinutes(5));
        }

        return Judge(kills, await ReadAsync(store, "s"), place switch
        {
            EffectPlace.Log or EffectPlace.Command => await LogEffectsAsync(store),
            EffectPlace.Table => await TableEffectsAsync(store),
            _ => FileEffects(folder),
        });
    }

    /// <summary>The process to be killed: appends without end and listens.</summary>
    public static async Task ChildAsync(string folder, EffectPlace place)
    {
        await using var store = Open(folder);
        if (place == EffectPlace.Table) await store.InSqliteTransactionAsync(static tx => Run(tx.Connection, "CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, position INTEGER)"));
        await using var bus = NewBus(store);
        var active = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bus.StateChanged += (_, _, _) => active.TrySetResult();
        await StartAsync(bus, folder, place);
        await active.Task;
        Console.WriteLine("active");
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async writer =>
        {
            while (true) await store.Log.AppendAsync(Append($"s-{writer}", "{}"), default);
        }));
    }

    private static EventStore Open(string folder) => SqliteEventStore.Open(Path.Combine(folder, "log.db"), s_types);

    private static EventBus NewBus(EventStore store) => new(store, new() { LeaseTimeout = TimeSpan.FromMilliseconds(600) }, Commands(store));

    private static Task<Subscription> StartAsync(EventBus bus, string folder, EffectPlace place)
    {
        var options = new SubscriptionOptions { Filter = EventQuery.All.InCategory("s"), CheckpointEvery = Interval };
        return place == EffectPlace.Command
            ? bus.ReactAsync<Happened, Follow>("effects", (_, e) => new Follow(e.Position.ToInt64()), options)
            : bus.SubscribeAsync("effects", HandlerOf(place, folder), options);
    }

    private static CommandBus Commands(EventStore store) => new(store, handlers =>
        handlers.Add(KillJson.Default.Follow, (command, _, _) => Task.FromResult<IEnumerable<object>>([EventData.For("effect-1", command.Position)])));

    private static SubscriptionHandler HandlerOf(EffectPlace place, string folder) => place switch
    {
        EffectPlace.Log => ToLog(),
        EffectPlace.Table => ToTable(),
        _ => ToFile(folder),
    };

    private static SubscriptionHandler ToTable() => SubscriptionHandler.RawEach((e, delivery, _) =>
    {
        var position = e.Position.ToInt64();
        delivery.Enlist<SqliteLogTransaction>(tx => Run(tx.Connection, "INSERT INTO effects (position) VALUES ($position)", position));
        return Task.CompletedTask;
    });

    private static void Run(SqliteConnection connection, string sql, long? position = null)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        if (position is not null) command.Parameters.AddWithValue("$position", position);
        command.ExecuteNonQuery();
    }

    private static SubscriptionHandler ToLog() => SubscriptionHandler.RawEach((e, delivery, _) =>
    {
        delivery.Append("effect-1", ExpectedVersion.Any, [e.Position.ToInt64()]);
        return Task.CompletedTask;
    });

    private static SubscriptionHandler ToFile(string folder)
    {
        var file = new FileStream(Path.Combine(folder, "effects"), FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        return SubscriptionHandler.RawEach((e, _, _) =>
        {
            file.Write(Encoding.ASCII.GetBytes($"{e.Position}\n"));
            return Task.CompletedTask;
        });
    }

    private static LogAppend Append(StreamId stream, string data) => new()
    {
        Writes = new[] { new StreamWrite(stream, ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = Encoding.ASCII.GetBytes(data), IsJson = true } }) },
    };

    private static async Task<List<RecordedEvent>> ReadAsync(EventStore store, string category)
    {
        var events = new List<RecordedEvent>();
        await foreach (var e in store.Log.ReadEventsAsync(new AllRead { Query = LogQuery.All.InCategory(category) })) events.Add(e);
        return events;
    }

    private static async Task<List<long>> LogEffectsAsync(EventStore store) =>
        [.. (await ReadAsync(store, "effect")).Select(e => long.Parse(Encoding.ASCII.GetString(e.Data.Span), CultureInfo.InvariantCulture))];

    private static async Task<List<long>> TableEffectsAsync(EventStore store)
    {
        var effects = new List<long>();
        await store.InSqliteTransactionAsync(tx =>
        {
            using var command = tx.Connection.CreateCommand();
            command.CommandText = "SELECT position FROM effects ORDER BY number";
            using var reader = command.ExecuteReader();
            while (reader.Read()) effects.Add(reader.GetInt64(0));
        });
        return effects;
    }

    private static List<long> FileEffects(string folder) =>
        [.. File.ReadAllLines(Path.Combine(folder, "effects")).Select(line => long.Parse(line, CultureInfo.InvariantCulture))];

    private static KillReport Judge(int kills, List<RecordedEvent> events, List<long> effects)
    {
        var (highest, previous, repeated, most, run, unordered) = (0L, 0L, 0, 0, 0, 0);
        var done = new HashSet<long>();
        foreach (var effect in effects)
        {
            // Going back is another process' beginning, whether or not the one before got beyond its repeats.
            if (effect <= previous) run = 0;
            previous = effect;
            if (done.Add(effect))
            {
                if (effect < highest) unordered++;
                highest = effect;
                run = 0;
                continue;
            }

            repeated++;
            most = Math.Max(most, ++run);
        }

        return new(kills, events.Count, events.Count(e => !done.Contains(e.Position.ToInt64())), repeated, most, unordered);
    }
}

internal sealed record Happened;

internal sealed record Follow(long Position);
