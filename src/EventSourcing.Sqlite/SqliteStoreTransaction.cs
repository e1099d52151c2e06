using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>A transaction in which the user's own SQL and events of a store are committed together. Valid until the work returns, on the thread that runs it.</summary>
public sealed class SqliteStoreTransaction
{
    private readonly IEventStore _store;

    internal SqliteStoreTransaction(IEventStore store, SqliteLogTransaction log) => (_store, Log) = (store, log);

    /// <inheritdoc cref="SqliteLogTransaction.Connection"/>
    public SqliteConnection Connection => Log.Connection;

    /// <summary>The same transaction for appends whose events are serialized already.</summary>
    public SqliteLogTransaction Log { get; }

    /// <summary>Appends events to a stream as part of the transaction.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">The expected version of the stream, checked against the transaction's own view.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>.</param>
    /// <exception cref="WrongExpectedVersionException">The stream does not have the expected version. Nothing of this append was written. When the work does not catch the exception, nothing of the transaction is committed.</exception>
    public AppendResult Append(StreamId stream, ExpectedVersion expected, IEnumerable<object> events) => Append(new Append().To(stream, expected, events));

    /// <summary>Runs an append with everything it can contain as part of the transaction, validated as <see cref="IEventStore.AppendAsync"/> does.</summary>
    /// <param name="append">What to store.</param>
    public AppendResult Append(Append append) => Log.Append(_store.Encode(append));
}
