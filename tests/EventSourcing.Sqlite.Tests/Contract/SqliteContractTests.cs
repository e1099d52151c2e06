using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Contract;

[Parallelizable(ParallelScope.All)]
public class SqliteContractTests
{
    public static IEnumerable<TestCaseData> Cases => LogContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    public static IEnumerable<TestCaseData> CasesOnOneThread => Cases.Select(c => new TestCaseData(c.Arguments).SetName($"{c.TestName}_on_one_thread"));

    [TestCaseSource(nameof(CasesOnOneThread))]
    public void Contract_on_one_thread(ContractCase contractCase) => SingleThread.Run(async () =>
    {
        await using var fixture = new SqliteFixture();
        await contractCase.RunAsync(fixture);
    });

    [TestCaseSource(nameof(Cases))]
    public async Task Contract(ContractCase contractCase)
    {
        await using var fixture = new SqliteFixture();
        await contractCase.RunAsync(fixture);
    }

    public static IEnumerable<TestCaseData> StoreCases => StoreContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    [TestCaseSource(nameof(StoreCases))]
    public async Task Store(ContractCase contractCase)
    {
        await using var fixture = new SqliteFixture();
        await contractCase.RunAsync(fixture);
    }

    public static IEnumerable<TestCaseData> ForwardedCases => Cases.Concat(StoreCases).Select(c => new TestCaseData(c.Arguments).SetName($"{c.TestName}_through_a_forwarding_log"));

    [TestCaseSource(nameof(ForwardedCases))]
    public async Task Contract_through_a_forwarding_log(ContractCase contractCase)
    {
        await using var fixture = new ForwardingFixture(new SqliteFixture());
        await contractCase.RunAsync(fixture);
    }

    [Test]
    public async Task Capabilities_are_found_through_a_forwarding_log()
    {
        await using var fixture = new SqliteFixture();
        await using var log = await fixture.OpenAsync();
        var forwarding = new ForwardingLog(new ForwardingLog(log));
        Assert.Multiple(() =>
        {
            Assert.That(forwarding.Find<SqliteEventLog>(), Is.SameAs(log));
            Assert.That(forwarding.Find<ITaggingLog>(), Is.SameAs(log.Find<ITaggingLog>()).And.Not.Null);
            Assert.That(forwarding.Find<ITracingLog>(), Is.SameAs(log.Find<ITracingLog>()).And.Not.Null);
            Assert.That(forwarding.Find<IUserTransactions<SqliteLogTransaction>>(), Is.SameAs(log));
            Assert.That(forwarding.Find<IUserTransactions<string>>(), Is.Null);
        });
    }
}
