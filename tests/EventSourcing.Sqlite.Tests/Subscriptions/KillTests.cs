using EventSourcing.KillTest;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

[NonParallelizable]
public class KillTests
{
    private const int Kills = 5;

    [TestCase(Effect.InTransaction, TestName = "Effects_in_the_checkpoints_transaction_happen_exactly_once_whatever_is_killed")]
    [TestCase(Effect.ByCommand, TestName = "Commands_of_a_reaction_happen_exactly_once_whatever_is_killed")]
    public async Task Exactly_once(Effect effect)
    {
        using var file = new TemporaryFile();
        var report = await KillRun.RunAsync(file.Folder, Kills, effect, TestContext.CurrentContext.Random.Next());
        TestContext.Out.WriteLine(report);
        Assert.That((report.Missed, report.Repeated, report.Unordered), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public async Task Effects_elsewhere_happen_at_least_once_and_repeat_at_most_the_interval()
    {
        using var file = new TemporaryFile();
        var report = await KillRun.RunAsync(file.Folder, Kills, Effect.InFile, TestContext.CurrentContext.Random.Next());
        TestContext.Out.WriteLine(report);
        Assert.That((report.Missed, report.Unordered), Is.EqualTo((0, 0)));
        Assert.That(report.MostRepeated, Is.LessThanOrEqualTo(KillRun.Interval));
    }
}
