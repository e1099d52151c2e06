using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

[Parallelizable(ParallelScope.All)]
public class InMemoryContractTests
{
    public static IEnumerable<TestCaseData> Cases => LogContract.Cases
        .Where(c => Fixture.Offers.HasFlag(c.Requires))
        .Select(c => new TestCaseData(c).SetName(c.Name));

    public static IEnumerable<TestCaseData> CasesOnOneThread => Cases.Select(c => new TestCaseData(c.Arguments).SetName($"{c.TestName}_on_one_thread"));

    [TestCaseSource(nameof(CasesOnOneThread))]
    public void Contract_on_one_thread(ContractCase contractCase) => SingleThread.Run(async () =>
    {
        await using var fixture = new Fixture();
        await contractCase.RunAsync(fixture);
    });

    [TestCaseSource(nameof(Cases))]
    public async Task Contract(ContractCase contractCase)
    {
        await using var fixture = new Fixture();
        await contractCase.RunAsync(fixture);
    }

    public static IEnumerable<TestCaseData> StoreCases => StoreContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    [TestCaseSource(nameof(StoreCases))]
    public async Task Store(ContractCase contractCase)
    {
        await using var fixture = new Fixture();
        await contractCase.RunAsync(fixture);
    }

    public static IEnumerable<TestCaseData> ForwardedCases => Cases.Concat(StoreCases).Select(c => new TestCaseData(c.Arguments).SetName($"{c.TestName}_through_a_forwarding_log"));

    [TestCaseSource(nameof(ForwardedCases))]
    public async Task Contract_through_a_forwarding_log(ContractCase contractCase)
    {
        await using var fixture = new ForwardingFixture(new Fixture());
        await contractCase.RunAsync(fixture);
    }

    [Test]
    public void Case_names_are_unique()
    {
        Assert.That(LogContract.Cases.Select(c => c.Name), Is.Unique);
        Assert.That(StoreContract.Cases.Select(c => c.Name), Is.Unique);
    }

    private sealed class Fixture : ILogFixture
    {
        internal const LogCapabilities Offers = LogCapabilities.UserWork | LogCapabilities.Catalog;

        public LogCapabilities Capabilities => Offers;

        public ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) =>
            new(new InMemoryEventLog(new() { TimeProvider = timeProvider ?? TimeProvider.System }));

        public ValueTask DisposeAsync() => default;
    }
}
