using EventSourcing.Storage;
using EventSourcing.Tests.Shared;

namespace EventSourcing.Tests.InMemory;

public sealed class InMemoryReplayTests : ReplayTests
{
    protected override IEventLog OpenLog(TimeProvider clock) => new InMemoryEventLog(new InMemoryLogOptions { TimeProvider = clock });

    protected override ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion) => ((InMemoryEventLog)log).EraseAsync(stream, throughVersion);
}

public sealed class InMemoryTimeTravelTests : TimeTravelTests
{
    protected override IEventLog OpenLog(TimeProvider clock) => new InMemoryEventLog(new InMemoryLogOptions { TimeProvider = clock });

    protected override ValueTask EraseAsync(IEventLog log, StreamId stream, long throughVersion) => ((InMemoryEventLog)log).EraseAsync(stream, throughVersion);
}

public sealed class InMemoryViewDifferenceTests : ViewDifferenceTests
{
    protected override int Histories => 100;

    protected override IEventLog OpenLog() => new InMemoryEventLog();
}
