using System.Diagnostics;
using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Deciding;

[NonParallelizable]
public class ConditionCostTests
{
    private const int Events = 50_000;

    /// <summary>What <see cref="AppendCondition"/> says of its cost. The times differ by a factor of hundreds; 20 leaves room for a busy machine.</summary>
    [Test]
    public async Task A_condition_on_a_type_alone_looks_at_every_event_after_its_position_and_one_on_a_tag_does_not()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path, new() { Durability = Durability.ProcessCrashOnly });
        await AppendAsync(log, "rare", null, 1);
        for (var i = 0; i < Events; i += 1000) await AppendAsync(log, "common", null, 1000);
        var ofType = LogQuery.OfTypes("rare");
        var ofTag = ofType.Tagged("key", "value");

        var scanned = await ShortestAsync(log, new(ofType, GlobalPosition.FromInt64(1)));
        var recent = await ShortestAsync(log, new(ofType, GlobalPosition.FromInt64(Events)));
        var tagged = await ShortestAsync(log, new(ofTag, GlobalPosition.Start));

        scanned.Should().BeGreaterThan(recent * 20).And.BeGreaterThan(tagged * 20);
    }

    private static async Task<TimeSpan> ShortestAsync(SqliteEventLog log, AppendCondition condition)
    {
        var shortest = TimeSpan.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await AppendAsync(log, "other", condition, 1);
            if (Stopwatch.GetElapsedTime(began) is var taken && taken < shortest) shortest = taken;
        }

        return shortest;
    }

    private static async Task AppendAsync(SqliteEventLog log, string type, AppendCondition? condition, int count) => await log.AppendAsync(new()
    {
        Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, Enumerable.Repeat(new LogEvent { Type = type, Data = new byte[10] }, count).ToArray()) },
        Condition = condition,
    }, default);
}
