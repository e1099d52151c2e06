using EventSourcing.KillTest;
using EventSourcing.KillTest.Segments;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

[NonParallelizable]
public class KillTests
{
    private const int Kills = 5;
    private static readonly TimeSpan s_torment = TimeSpan.FromSeconds(12);

    [TestCase(EffectPlace.Log)]
    [TestCase(EffectPlace.Table)]
    [TestCase(EffectPlace.Command)]
    public async Task Effects_in_the_checkpoints_transaction_and_commands_of_reactions_happen_exactly_once_whatever_is_killed(EffectPlace place)
    {
        using var file = new TemporaryFile();
        var report = await KillRun.RunAsync(file.Folder, Kills, place, TestContext.CurrentContext.Random.Next());
        TestContext.Out.WriteLine(report);
        Assert.That((report.Missed, report.Repeated, report.Unordered), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public async Task Effects_elsewhere_happen_at_least_once_and_repeat_at_most_the_interval()
    {
        using var file = new TemporaryFile();
        var report = await KillRun.RunAsync(file.Folder, Kills, EffectPlace.File, TestContext.CurrentContext.Random.Next());
        TestContext.Out.WriteLine(report);
        Assert.That((report.Missed, report.Unordered), Is.EqualTo((0, 0)));
        Assert.That(report.MostRepeated, Is.LessThanOrEqualTo(KillRun.Interval));
    }

    [Test, Platform("Linux")]
    public async Task Partitions_are_taken_over_and_every_event_is_handled_in_order_of_its_key_when_processes_are_killed_or_suspended()
    {
        using var file = new TemporaryFile();
        var report = await SegmentsRun.RunAsync(file.Folder, s_torment, TestContext.CurrentContext.Random.Next(1 << 30));
        TestContext.Out.WriteLine(report);
        Assert.That((report.Missed, report.Unordered), Is.EqualTo((0, 0)));
        Assert.That(report.Events, Is.GreaterThan(0));
        Assert.That(report.Kills + report.Stops, Is.GreaterThan(0));
    }
}
