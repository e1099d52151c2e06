using EventSourcing.Storage;

namespace EventSourcing.Testing.Contract;

/// <summary>Creates the log of one contract case, with an empty data store of its own. A case uses one fixture and disposes the logs that it opens.</summary>
public interface ILogFixture : IAsyncDisposable
{
    /// <summary>What the log can do beyond the contract.</summary>
    LogCapabilities Capabilities { get; }

    /// <summary>Opens the log with default limits. A second call opens another log on the same data if the capabilities allow it.</summary>
    /// <param name="timeProvider">The clock of the log; null for the system's.</param>
    ValueTask<IEventLog> OpenAsync(TimeProvider? timeProvider = null);
}
