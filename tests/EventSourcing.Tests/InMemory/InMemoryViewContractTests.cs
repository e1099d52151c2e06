using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

[Parallelizable(ParallelScope.All)]
public class InMemoryViewContractTests
{
    public static IEnumerable<TestCaseData> Cases => ViewStorageContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    [TestCaseSource(nameof(Cases))]
    public async Task Storage(ViewStorageCase contractCase)
    {
        await using var fixture = new Fixture();
        await contractCase.RunAsync(fixture);
    }

    [Test]
    public void Case_names_are_unique() => Assert.That(ViewStorageContract.Cases.Select(c => c.Name), Is.Unique);

    private sealed class Fixture : IViewStorageFixture
    {
        private readonly IEventLog _log = new InMemoryEventLog();

        public IViewStorage Open() => _log.Find<IViewStorage>()!;

        public ValueTask DisposeAsync() => _log.DisposeAsync();
    }
}
