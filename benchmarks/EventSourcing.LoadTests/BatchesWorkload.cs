using EventSourcing.LoadTests.Limits;
using EventSourcing.LoadTests.Measuring;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests;

/// <summary>Appends of growing size: the time per event never rises, and 500 events take at most 5.5 times as long as 100.</summary>
internal static class BatchesWorkload
{
    public static async Task RunAsync(Settings settings)
    {
        foreach (var durability in Enum.GetValues<Durability>())
        {
            var race = new Race($"Events per append, {durability}", settings.Rounds, "event");
            foreach (var (size, events) in new[] { (1, 4_000), (10, 20_000), (100, 50_000), (500, 50_000) })
                race.Add(Name(size), () => Appends.OursAsync(settings, durability, new(events, size, PerStream: size)));
            await race.Expect(
                Bar.RateAtLeast(1, Name(10), Name(1)),
                Bar.RateAtLeast(1, Name(100), Name(10)),
                Bar.RateAtLeast(5 / 5.5, Name(500), Name(100))).RunAsync();
        }
    }

    private static string Name(int size) => $"{size} per append";
}
