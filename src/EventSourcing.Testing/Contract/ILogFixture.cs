using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Makes the log of one contract case: a new place for data, empty at first. A case uses one fixture and disposes what it opens.</summary>
public interface ILogFixture : IAsyncDisposable
{
    /// <summary>What the log can do beyond the contract.</summary>
    LogCapabilities Capabilities { get; }

    /// <summary>Opens the log with default limits; called again, opens another one on the same data where the capabilities say so.</summary>
    /// <param name="timeProvider">The clock of the log; null for the system's.</param>
    ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null);
}
