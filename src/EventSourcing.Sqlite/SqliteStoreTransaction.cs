using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite;

/// <summary>The inside of a transaction in which a user's own SQL and events of a store are written together. Not to be kept, nor used by another thread.</summary>
public sealed class SqliteStoreTransaction
{
    private readonly IEventStore _store;

    internal SqliteStoreTransaction(IEventStore store, SqliteLogTransaction log) => (_store, Log) = (store, log);

    /// <inheritdoc cref="SqliteLogTransaction.Connection"/>
    public SqliteConnection Connection => Log.Connection;

    /// <summary>The same transaction on bytes.</summary>
    public SqliteLogTransaction Log { get; }

    /// <summary>Appends events to a stream as part of the transaction.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">What it must be like, as the transaction sees it.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>.</param>
    /// <exception cref="WrongExpectedVersionException">The stream is not in the demanded state. Nothing of this append was written; unless the work catches it, nothing of the transaction.</exception>
    public AppendResult Append(StreamId stream, ExpectedVersion expected, IEnumerable<object> events) => Append(new Append().To(stream, expected, events));

    /// <summary>Appends everything one append can say as part of the transaction, judged as <see cref="IEventStore.AppendAsync"/> does.</summary>
    /// <param name="append">What to store.</param>
    public AppendResult Append(Append append) => Log.Append(_store.Encode(append));
}
