using EventSourcing.InMemory;
using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

public sealed class InMemoryDecisionTests : DecisionTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();

    [TestCaseSource(typeof(OracleChecks), nameof(OracleChecks.Cases))]
    public Task Oracle(ContractCase oracle) => OracleChecks.RunAsync(oracle, clock => new InMemoryEventLog(new() { TimeProvider = clock ?? TimeProvider.System }));
}

public sealed class InMemoryCommandTests : CommandTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryRetryTests : RetryTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}
