using EventSourcing;
using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Testing.Contract;

// blocks

internal sealed class MyFixture : ILogFixture
{
    public LogCapabilities Capabilities => LogCapabilities.None;

    public ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) => new(new InMemoryEventLog(new() { TimeProvider = timeProvider }));

    public ValueTask DisposeAsync() => default;
}
