using EventSourcing.Benchmarks;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Limits;

/// <summary>Row C: n callers, each awaiting the durability of its own event in its own stream.</summary>
internal static class Concurrent
{
    private const string Ours = "ours", Locked = "one connection, lock", InTurn = "one connection, in turn";

    public static async Task RunAsync(Settings settings, CLimit limit)
    {
        foreach (var (callers, overLocked, overLimit) in new[] { (1, 0, 0.0), (8, 5, 0.80), (64, 9, 0.70), (256, 25, 0.65) })
        {
            var c = $"C limit, {callers} per commit";
            var race = new Race($"C. {callers} callers, one event each, FULL", settings.Rounds, "append")
                .Add(Ours, () => OursAsync(settings, callers))
                .Add(Locked, () => LockedAsync(settings, callers, connection => connection.AppendLocked))
                .Add(InTurn, () => LockedAsync(settings, callers, connection => connection.AppendInTurn))
                .AddLimit(limit, c, () =>
                {
                    using var file = new DatabaseFile(settings.Directory, "c");
                    return limit.Append(file, Pragmas.Ours(Durability.Full), new(LimitEvents(callers), callers, Streams: callers));
                });
            if (callers > 1)
                race.Expect(Bar.RateAtLeast(overLocked, Ours, Locked), Bar.RateAtLeast(overLocked, Ours, InTurn), Bar.RateAtLeast(overLimit, Ours, c), Bar.AllocatedAtMost(250, Ours));
            if (callers == 64)
                race.Expect(Bar.P99AtMost(0.1, Ours, Locked), Bar.P99AtMost(0.1, Ours, InTurn));
            await race.RunAsync();
        }
    }

    private static int LimitEvents(int callers) => callers switch { 1 => 4_000, 8 => 24_000, _ => 102_400 };

    private static async Task<Measurement> OursAsync(Settings settings, int callers)
    {
        using var file = new DatabaseFile(settings.Directory, "ours");
        await using var log = SqliteEventLog.Open(file.Path);
        var names = Sample.ShortNames(callers).Select(name => new StreamId(name)).ToArray();
        var versions = new long[callers];
        var appends = names.Select(_ => new LogCaller(log, 1, 1)).ToArray();
        return await Callers.AwaitingAsync(callers, settings.Seconds, caller => appends[caller].AppendAsync(names[caller], versions[caller]++));
    }

    private static async Task<Measurement> LockedAsync(Settings settings, int callers, Func<LockedConnection, Action<string, long>> append)
    {
        using var file = new DatabaseFile(settings.Directory, "locked");
        using var connection = new LockedConnection(file.Path, Pragmas.Ours(Durability.Full));
        var names = Sample.ShortNames(callers);
        var versions = new long[callers];
        var call = append(connection);
        return await Callers.BlockingAsync(callers, settings.Seconds, caller => call(names[caller], versions[caller]++));
    }
}
