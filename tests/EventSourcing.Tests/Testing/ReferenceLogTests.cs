using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Tests.Testing;

[Parallelizable(ParallelScope.All)]
public class ReferenceLogTests
{
    public static IEnumerable<TestCaseData> Cases => LogContract.Cases.Concat(StoreContract.Cases)
        .Where(c => Fixture.Offers.HasFlag(c.Requires))
        .Select(c => new TestCaseData(c).SetName($"{c.Name}_on_the_reference_log"));

    [TestCaseSource(nameof(Cases))]
    public async Task Contract(ContractCase contractCase)
    {
        await using var fixture = new Fixture();
        await contractCase.RunAsync(fixture);
    }

    [Test]
    public Task Random_appends_have_the_models_outcomes() => ModelChecks.AgreesWithModelAsync(() => new(new ReferenceLog()), 300);

    [Test]
    public Task Random_appends_are_answered_by_the_log_in_memory_word_for_word() =>
        ModelChecks.AnswersAlikeAsync(() => new(new ReferenceLog()), () => new(new InMemoryEventLog()), 300);

    private sealed class Fixture : ILogFixture
    {
        internal const LogCapabilities Offers = LogCapabilities.Catalog;

        public LogCapabilities Capabilities => Offers;

        public ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) => new(new ReferenceLog(timeProvider));

        public ValueTask DisposeAsync() => default;
    }
}
