using EventSourcing.Internal;

namespace EventSourcing.Storage;

/// <summary>What a backend implements: an append-only log of bytes, with named records beside it in the same transactions.</summary>
/// <remarks>
/// Thread-safe. Positions are given contiguously from 1 in commit order. An append is stored completely or not at all, and
/// when a call has returned, the data is as durable as the log promises. A call that is cancelled before its commit is sent writes
/// nothing; after that, the outcome is reported. After disposal every member throws <see cref="ObjectDisposedException"/>.
/// <para>
/// A log may be decorated by another one, to count, delay or fail calls. The decorator sees every call of these members: appends, reads, waits, and all that subscriptions, leases, parked events and commands
/// write. It does not see what goes to a capability that <see cref="Find{T}"/> took from the inner log, unless it answers for that capability itself: writes with a user's work
/// (<see cref="IUserTransactions{TTransaction}"/>) and the backend's own members.
/// </para>
/// </remarks>
public interface IEventLog : IAsyncDisposable, IDisposable
{
    /// <summary>The name of the database system: the value of the attribute <c>db.system.name</c> in OpenTelemetry's conventions.</summary>
    string SystemName => "other_sql";

    /// <summary>Validates an append against the stored events and stores it.</summary>
    /// <remarks>Validated in this order, inside the write transaction:
    /// <list type="number">
    /// <item>the command id is known: with the same fingerprint, or where one of the two has none, the recorded result is returned as a duplicate; with another it is refused;</item>
    /// <item>event ids are stored: all of the append's events, in their stored order and with the same stream, type and data, are a duplicate and answer with their positions; anything else is refused;</item>
    /// <item>the tracking position is not above the stored one: a duplicate, nothing is written (a duplicate under 1 or 2 still advances tracking);</item>
    /// <item>the expected versions of all writes and checks against the state before the append, all failures reported at once;</item>
    /// <item>the condition; then everything is written.</item>
    /// </list></remarks>
    /// <param name="append">What to store; its memory is not kept after the call returns.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>The result. The caller may block for it, on any thread except the one that runs a transaction's work. Take the result once. A second use returns it or throws <see cref="InvalidOperationException"/>, and does not affect another append.</returns>
    /// <exception cref="ArgumentException">The append holds nothing, or a name in it is not valid. Nothing was written; the same holds for every exception except the last.</exception>
    /// <exception cref="EventTooLargeException">An event or the append is over the limits.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with another fingerprint.</exception>
    /// <exception cref="DuplicateEventException">An event id is in use for something else, or twice in the append.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream does not have its expected version.</exception>
    /// <exception cref="AppendConditionFailedException">An event matches the condition.</exception>
    /// <exception cref="LogDivergedException">The condition's token is of another history (<see cref="TokenComparison"/>).</exception>
    /// <exception cref="PositionOutOfRangeException">The condition's position lies beyond the head.</exception>
    /// <exception cref="StoreUnavailableException">The log cannot be written at present.</exception>
    /// <exception cref="AppendOutcomeUnknownException">The commit failed and its outcome could not be determined.</exception>
    ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken);

    /// <summary>Reads one page from one short snapshot.</summary>
    /// <param name="read">What to read.</param>
    /// <param name="cancellationToken">Ends the wait for a reader; a page begun is finished.</param>
    /// <returns>A page to be disposed by the caller. It may hold no event and yet not be the last: see <see cref="LogPage.IsLast"/>.</returns>
    /// <exception cref="LogDivergedException">The read's token is of another history: compared in the page's snapshot, before any other check, by <see cref="TokenComparison"/>.</exception>
    /// <exception cref="PositionOutOfRangeException">The read of the whole log starts beyond its head.</exception>
    /// <exception cref="StoreCorruptException">A stored event is not what was written.</exception>
    ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken);

    /// <summary>Completes when an event is stored after a position; at once when there is one already.</summary>
    /// <param name="after">The last position known; it may lie at the head.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken);

    /// <summary>Reads a page of the records of a kind, in ordinal order of their keys' UTF-8, from one short snapshot.</summary>
    /// <remarks>The page ends with the record that brings the values to 4 MiB or more, and before a record that is damaged. So a page of fewer records than asked for may not be the last: only an empty one is. The next begins after its last key.</remarks>
    /// <param name="kind">The kind.</param>
    /// <param name="from">The first key, inclusive; empty for the beginning.</param>
    /// <param name="through">The last key, inclusive; null for the end. Equal to <paramref name="from"/>, it finds one record.</param>
    /// <param name="max">At most this many, 1 or more.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <exception cref="StoreCorruptException">The first record is damaged; the exception names its key.</exception>
    ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken);

    /// <summary>Stores several appends and changes of records in one transaction: everything, except for changes that may be skipped, or nothing.</summary>
    /// <remarks>Validated in this order, inside the write transaction:
    /// <list type="number">
    /// <item>every requirement is met by the stored record;</item>
    /// <item>each append, as <see cref="AppendAsync"/> validates it, sees those before it; a duplicate is no refusal;</item>
    /// <item>the user's work runs, where there is one (<see cref="IUserTransactions{TTransaction}"/>);</item>
    /// <item>each change, which sees those before it and the records that the appends left, finds the revision it expects. A change that does not, and that may be skipped, is skipped.</item>
    /// </list>
    /// The first part that is refused refuses the write. A refusal is a result and not an exception: <see cref="LogWritten.Refusal"/> names the part. An append that is over
    /// the log's limits, or has an id or a tag twice, refuses the write before anything is read.
    /// <para>To change records safely, read them by <see cref="ReadRecordsAsync"/> and write with the revisions that were read. When another write came first, this one is refused; read and decide again.</para></remarks>
    /// <param name="write">What to store; its memory is not kept after the call returns.</param>
    /// <param name="cancellationToken">Before the transaction is begun: nothing is written.</param>
    /// <exception cref="ArgumentException">The write is empty or a part of it is not valid (<see cref="LogWrite.Validate"/>). Nothing was written; the same holds for every exception except the last.</exception>
    /// <exception cref="InvalidOperationException">The call comes from inside the work of a transaction of the same log. Nothing was done. Every member that waits for the writer or for an event throws it there.</exception>
    /// <exception cref="StoreCorruptException">A record that is compared is damaged.</exception>
    /// <exception cref="StoreUnavailableException">The log cannot be written at present.</exception>
    /// <exception cref="AppendOutcomeUnknownException">The commit failed and its outcome could not be determined.</exception>
    ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken);

    /// <summary>Finds a capability that not every log has: an interface of this namespace or of the backend's. A log that decorates another one forwards the call for capabilities that it does not change.</summary>
    /// <typeparam name="T">The capability.</typeparam>
    /// <returns>The capability, of this log or of the inner one; null where there is none.</returns>
    T? Find<T>()
        where T : class => this as T;

    /// <summary>Closes the log as <see cref="IAsyncDisposable.DisposeAsync"/> does and blocks until that is done, 30 s at most. For containers and <c>using</c> statements; a log that need not wait may implement it directly.</summary>
    /// <exception cref="TimeoutException">The log is not closed after 30 s. Closing continues in the background.</exception>
    void IDisposable.Dispose()
    {
        GC.SuppressFinalize(this);
        BlockingDisposal.Run(DisposeAsync, BlockingDisposal.MaxCloseTime, GetType().Name);
    }
}
