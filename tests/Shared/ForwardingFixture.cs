using EventSourcing.Storage;
using EventSourcing.Testing;
using EventSourcing.Testing.Contract;

namespace EventSourcing.Tests.Shared;

/// <summary>Makes the logs of another fixture, each behind a log that only forwards: what a metrics log or a test double looks like to everything above the seam.</summary>
internal sealed class ForwardingFixture(ILogFixture inner) : ILogFixture
{
    public LogCapabilities Capabilities => inner.Capabilities;

    public async ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null) => new ForwardingLog(await inner.OpenAsync(timeProvider));

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>A log that changes nothing.</summary>
internal sealed class ForwardingLog(IEventLog inner) : DelegatingLog(inner);
