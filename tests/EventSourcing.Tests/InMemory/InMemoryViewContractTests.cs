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
        await using var fixture = new Fixture(log => log.Find<IViewStorage>());
        await contractCase.RunAsync(fixture);
    }

    [TestCaseSource(nameof(Cases))]
    public async Task Storage_in_the_log(ViewStorageCase contractCase)
    {
        await using var fixture = new Fixture(log => log.Find<IInlineViews>()?.Storage);
        await contractCase.RunAsync(fixture);
    }

    [Test]
    public void Case_names_are_unique() => Assert.That(ViewStorageContract.Cases.Select(c => c.Name), Is.Unique);

    private sealed class Fixture(Func<IEventLog, IViewStorage?> find) : IViewStorageFixture
    {
        private readonly InMemoryEventLog _log = new();

        public IViewStorage Open() => find(_log)!;

        public ValueTask DisposeAsync() => ((IAsyncDisposable)_log).DisposeAsync();
    }
}
