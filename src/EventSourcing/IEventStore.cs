using System.ComponentModel;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Appends typed events to streams and reads them. Thread-safe; an application has one per log.</summary>
/// <remarks>
/// After disposal every member throws <see cref="ObjectDisposedException"/>.
/// <para>A store may be decorated: whatever takes a store takes one that wraps another and forwards <see cref="Log"/> and <see cref="Types"/>. A decorator sees the calls that are made on it:
/// the appends, folds and reads of the application, and those of decisions (<c>ExecuteAsync</c>), repositories, command handlers, reactions and health checks. It does not see the delivery of events:
/// subscriptions read <see cref="Log"/>, and write checkpoints, leases, parked events and the effects that handlers enlist to it in one transaction, encoded and decoded by <see cref="Types"/>.
/// <c>ReplayAsync</c>, <c>GetCausationTreeAsync</c>, <c>GetStreamsAsync</c>, <c>GetStatisticsAsync</c> and what a backend adds (<c>InSqliteTransactionAsync</c>) use the log too.
/// To see every event that is stored or read, decorate the log.</para>
/// <para>Decisions on stores with the same <see cref="Log"/> and <see cref="Types"/> wait for each other where they meet, whichever store they are made on.</para>
/// </remarks>
public interface IEventStore : IAsyncDisposable, IDisposable
{
    /// <summary>The log that the store writes to and reads. For backends and tools: an application rarely needs it.</summary>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    IEventLog Log { get; }

    /// <summary>The event types that the store knows, with their stored names.</summary>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    EventTypeMap Types { get; }

    /// <summary>Stores an append completely or not at all. What is validated, and in which order, is listed at <see cref="IEventLog.AppendAsync"/>.</summary>
    /// <param name="append">What to store.</param>
    /// <param name="cancellationToken">Cancels the append until its commit is sent: then nothing is written.</param>
    /// <returns>Positions and versions; for a repeated append, those of the first. Await it once, or block on it once; to use it more often, keep <see cref="ValueTask{TResult}.AsTask"/>.</returns>
    /// <exception cref="ArgumentException">The append is empty (no event, no command id, no tracking), or a name in it is not valid. Nothing was written; the same holds for every exception but the last.</exception>
    /// <exception cref="UnknownEventTypeException">The CLR type of an event, or of a query in the condition, is not registered.</exception>
    /// <exception cref="EventSerializationException">An event could not be serialized.</exception>
    /// <exception cref="InvalidEventException">An event breaks a constraint.</exception>
    /// <exception cref="EventTooLargeException">An event or the append is over the limits.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with other content.</exception>
    /// <exception cref="DuplicateEventException">An event id is in use for another event, or twice in the append.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream has another version than expected; the exception names every such stream.</exception>
    /// <exception cref="AppendConditionFailedException">An event matches the condition.</exception>
    /// <exception cref="LogDivergedException">The condition's token belongs to another history of the log.</exception>
    /// <exception cref="PositionOutOfRangeException">The condition's position lies beyond the head.</exception>
    /// <exception cref="StoreUnavailableException">The log cannot be written at present.</exception>
    /// <exception cref="AppendOutcomeUnknownException">The commit failed, and whether it was stored could not be determined.</exception>
    ValueTask<AppendResult> AppendAsync(Append append, CancellationToken cancellationToken = default);

    /// <summary>Reads the events of one stream, in order of version.</summary>
    /// <param name="stream">The stream. One without events gives an empty sequence.</param>
    /// <param name="options">Which versions, and in which direction; null for all, oldest first. Without effect when changed later.</param>
    /// <param name="cancellationToken">Ends the read at the next page. A token given with <c>WithCancellation</c> ends it too.</param>
    /// <returns>A sequence that has read nothing yet.</returns>
    /// <exception cref="ArgumentException">The stream is <c>default</c>, an option is out of range, or the range ends before it begins.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type of the query is not registered.</exception>
    EventSequence ReadStreamAsync(StreamId stream, ReadStreamOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the events of the whole log, in order of position.</summary>
    /// <param name="query">Which events; null for all.</param>
    /// <param name="options">Which range, and in which direction; null for all, oldest first. Without effect when changed later.</param>
    /// <param name="cancellationToken">Ends the read at the next page. A token given with <c>WithCancellation</c> ends it too.</param>
    /// <returns>A sequence that has read nothing yet.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or the range ends before it begins.</exception>
    /// <exception cref="UnknownEventTypeException">A CLR type of the query is not registered.</exception>
    EventSequence ReadAllAsync(EventQuery? query = null, ReadAllOptions? options = null, CancellationToken cancellationToken = default);

    /// <summary>Folds events of a stream into a state, without keeping the events in memory. Ends at the log's head as it is when the fold begins.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="create">Creates the state before the first event folded: a new object each time where the state is mutable.</param>
    /// <param name="apply">Takes state and event, returns the next state.</param>
    /// <param name="afterVersion">Only events after this version, exclusive, are folded. 0 or more; default 0: all.</param>
    /// <param name="throughVersion">Only events up to this version, inclusive, are folded. Not below <paramref name="afterVersion"/>; default null: to the end of the stream.</param>
    /// <param name="cancellationToken">Ends the fold.</param>
    /// <exception cref="ArgumentException">The stream is <c>default</c>, or the range ends before it begins.</exception>
    /// <exception cref="EventSerializationException">A stored event cannot be read; for an unknown type, <see cref="UnknownEventTypeException"/>.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages. Fold again.</exception>
    ValueTask<LoadResult<TState>> FoldStreamAsync<TState>(StreamId stream, Func<TState> create, Func<TState, object, TState> apply, long afterVersion = 0, long? throughVersion = null, CancellationToken cancellationToken = default);

    /// <summary>Folds the events that match a query into a state, without keeping the events in memory. Ends at the log's head as it is when the fold begins.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    /// <param name="create">Creates the state before the first event folded: a new object each time where the state is mutable.</param>
    /// <param name="apply">Takes state and event, returns the next state.</param>
    /// <param name="cancellationToken">Ends the fold.</param>
    /// <exception cref="EventSerializationException">A stored event cannot be read; for an unknown type, <see cref="UnknownEventTypeException"/>.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages. Fold again.</exception>
    ValueTask<LoadResult<TState>> FoldAsync<TState>(EventQuery query, Func<TState> create, Func<TState, object, TState> apply, CancellationToken cancellationToken = default);

    /// <summary>The version of a stream, and position and time of its last event.</summary>
    /// <param name="stream">The stream. One without events has version 0.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    ValueTask<StreamInfo> GetStreamInfoAsync(StreamId stream, CancellationToken cancellationToken = default);

    /// <summary>The position of the log's last event; <see cref="GlobalPosition.Start"/> when the log has none. For use in this process; what is kept outside it is a <see cref="ResumeToken"/>.</summary>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken = default);

    /// <summary>The result of the command with this id, as it was stored; null when there is none.</summary>
    /// <param name="commandId">The command's id.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    ValueTask<CommandResult?> FindCommandAsync(string commandId, CancellationToken cancellationToken = default);

    /// <summary>Waits until an event is stored after a position. Completes at once when there is one.</summary>
    /// <param name="after">The last position known, at most the head.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    ValueTask WaitForEventsAsync(GlobalPosition after, CancellationToken cancellationToken = default);

    /// <summary>Closes the store as <see cref="IAsyncDisposable.DisposeAsync"/> does and blocks until that is done, 30 s at most. For containers and <c>using</c> statements.</summary>
    /// <exception cref="TimeoutException">The store is not closed after 30 s. Closing continues in the background.</exception>
    void IDisposable.Dispose()
    {
        GC.SuppressFinalize(this);
        BlockingDisposal.Run(DisposeAsync, BlockingDisposal.MaxCloseTime, GetType().Name);
    }
}
