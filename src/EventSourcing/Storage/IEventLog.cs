namespace EventSourcing.Storage;

/// <summary>What a backend implements: an append-only log of bytes, with named records beside it in the same transactions.</summary>
/// <remarks>
/// Thread-safe. Positions are given contiguously from 1 in commit order. An append is stored completely or not at all, and
/// once a call has returned it is as durable as the log promises. Cancelled before its commit is sent, a call writes
/// nothing; after that the outcome is reported. Used after disposal, every member throws <see cref="ObjectDisposedException"/>.
/// </remarks>
public interface IEventLog : IAsyncDisposable
{
    /// <summary>The database beneath, as the attribute <c>db.system.name</c> of OpenTelemetry's conventions calls it.</summary>
    string SystemName => "other_sql";

    /// <summary>Judges an append against what is stored and stores it.</summary>
    /// <remarks>Judged in this order, inside the write transaction:
    /// <list type="number">
    /// <item>the command id is known: with the same fingerprint, or where one of the two has none, the recorded result is returned as a duplicate; with another it is refused;</item>
    /// <item>event ids are stored: all of the append's events, in their stored order and with the same stream, type and data, are a duplicate and answer with their positions; anything else is refused;</item>
    /// <item>the tracking position is not above the stored one: a duplicate, nothing is written (a duplicate under 1 or 2 still advances tracking);</item>
    /// <item>the expected versions of all writes and checks against the state before the append, all failures reported at once;</item>
    /// <item>the condition; then everything is written.</item>
    /// </list></remarks>
    /// <param name="append">What to store; its memory is not kept after the call returns.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The result. It may be waited for by blocking, from any thread but the one that runs a transaction's work. Taken in any other way than once, it answers or throws <see cref="InvalidOperationException"/>, and no other append is concerned.</returns>
    /// <exception cref="ArgumentException">The append holds nothing, or a name in it is not valid. Nothing was written; so with every exception but the last.</exception>
    /// <exception cref="EventTooLargeException">An event or the append is over the limits.</exception>
    /// <exception cref="CommandReusedException">The command id was used with another fingerprint.</exception>
    /// <exception cref="DuplicateEventException">An event id is in use for something else, or twice in the append.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream is not in the demanded state.</exception>
    /// <exception cref="AppendConditionFailedException">An event matches the condition.</exception>
    /// <exception cref="LogTruncatedException">The condition's position lies beyond the head.</exception>
    /// <exception cref="StoreUnavailableException">The log could not be written just now.</exception>
    /// <exception cref="AppendOutcomeUnknownException">The commit failed and its outcome could not be found out.</exception>
    ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken);

    /// <summary>Reads one page from one short snapshot.</summary>
    /// <param name="read">What to read.</param>
    /// <param name="cancellationToken">Ends the wait for a reader; a page begun is finished.</param>
    /// <returns>A page to be disposed by the caller. It may hold no event and yet not be the last: see <see cref="LogPage.IsLast"/>.</returns>
    /// <exception cref="LogTruncatedException">The read of the whole log starts beyond its head.</exception>
    /// <exception cref="StoreCorruptException">A stored event is not what was written.</exception>
    ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken);

    /// <summary>Completes when an event is stored after a position; at once when there is one already.</summary>
    /// <param name="after">The last position known; it may lie at the head.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LogTruncatedException">The position lies beyond the head.</exception>
    ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken);

    /// <summary>Reads a page of the records of a kind, in ordinal order of their keys' UTF-8, from one short snapshot.</summary>
    /// <remarks>The page ends with the record that brings the values to 4 MiB or more, and before a record that is damaged. So a page of fewer records than asked for may not be the last: only an empty one is. The next begins after its last key.</remarks>
    /// <param name="kind">The kind.</param>
    /// <param name="from">The first key, inclusive; empty for the beginning.</param>
    /// <param name="through">The last key, inclusive; null for the end. Equal to <paramref name="from"/>, it finds one record.</param>
    /// <param name="max">At most this many, 1 or more.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <exception cref="StoreCorruptException">The first record is damaged; the exception names its key.</exception>
    ValueTask<IReadOnlyList<Record>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken);

    /// <summary>Runs work on records and appends as one transaction: one item of the writer's queue.</summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="work">Runs once, synchronously, on the writer, in the flow of its caller (<see cref="Handling"/>, activity, culture); must be short. It appends with the transaction: calls of the log that would wait for the writer are refused inside. When it throws, nothing it did is kept and the exception is the call's.</param>
    /// <param name="cancellationToken">Before the work is begun: nothing is done.</param>
    /// <exception cref="InvalidOperationException">Called from inside the work of a transaction of the same log; so with every member that waits for the writer or for an event. Nothing was done.</exception>
    ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken);

    /// <summary>As <see cref="TransactAsync"/>, for work in which code of the user's writes the user's own tables: what it is handed is the backend's own type of transaction, which gives that access. Where a backend has no such type, it is the same.</summary>
    /// <typeparam name="T">What the work returns.</typeparam>
    /// <param name="work">As in <see cref="TransactAsync"/>. Errors of the user's own statements are the call's, as they are, those found at the transaction's end included.</param>
    /// <param name="cancellationToken">Before the work is begun: nothing is done.</param>
    ValueTask<T> TransactNativelyAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken) => TransactAsync(work, cancellationToken);

    /// <summary>Finds a capability that not every log has: an interface of this namespace or of the backend's. A log that decorates another forwards the question for what it does not change itself.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability, of this log or of the one beneath; null where there is none.</returns>
    T? Find<T>()
        where T : class => this as T;
}
