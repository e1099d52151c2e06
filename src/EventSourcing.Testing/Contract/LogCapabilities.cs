namespace EventSourcing.Testing.Contract;

/// <summary>What a log can do beyond the contract; cases that need more than a fixture offers are not for it.</summary>
[Flags]
public enum LogCapabilities
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>Events survive the log's disposal: opened again, the fixture's log has them.</summary>
    Durable = 1,

    /// <summary>Two logs may be open on the same data at the same time.</summary>
    Shared = 2,

    /// <summary>The log runs a user's work in its transactions (<see cref="EventSourcing.Storage.IUserTransactions{TTransaction}"/>).</summary>
    UserWork = 4,
}
