namespace EventSourcing.Testing.Contract;

/// <summary>Optional capabilities of a log. Cases that require a missing capability do not apply.</summary>
[Flags]
public enum LogCapabilities
{
    /// <summary>No optional capability.</summary>
    None = 0,

    /// <summary>Events survive the log's disposal: a log that is opened later on the same data has them.</summary>
    Durable = 1,

    /// <summary>Two logs can be open on the same data at the same time.</summary>
    Shared = 2,

    /// <summary>The log runs user functions in its transactions (<see cref="EventSourcing.Storage.IUserTransactions{TTransaction}"/>).</summary>
    UserWork = 4,

    /// <summary>The log lists its streams and counts its events (<see cref="EventSourcing.Storage.ILogCatalog"/>).</summary>
    Catalog = 8,
}
