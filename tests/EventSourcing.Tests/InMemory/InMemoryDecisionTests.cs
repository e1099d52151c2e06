using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using EventSourcing.Tests.Shared;
using FluentAssertions;
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

public sealed class InMemoryErasedRetryTests : ErasedRetryTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();

    protected override ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion) => ((InMemoryEventLog)log).EraseAsync(stream, throughVersion);

    [Test]
    public async Task What_is_erased_lies_anywhere_in_long_logs()
    {
        await using var log = new InMemoryEventLog();
        foreach (var stream in new[] { "a", "b", "a", "b" })
            await log.AppendAsync(new() { Writes = new StreamWrite[] { new(stream, ExpectedVersion.Any, Enumerable.Repeat(new LogEvent { Type = "t" }, 3000).ToArray()) } }, default);
        await EraseAsync(log, "a", 5000);
        var positions = new List<int>();
        await foreach (var e in log.ReadEventsAsync(new AllRead { MaxCount = 4096 })) positions.Add((int)e.Position.ToInt64());

        positions.Should().Equal(Enumerable.Range(3001, 3000).Concat(Enumerable.Range(8001, 4000)));
    }
}

public sealed class InMemoryBlockedAppendTests : BlockedAppendTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryEvolvingTests : EvolvingTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}
