using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A store of typed events on an append-only log. Thread-safe.</summary>
/// <remarks>
/// Used after disposal, every member throws <see cref="ObjectDisposedException"/>.
/// <para>May be decorated: whatever takes a store takes one that wraps another and hands <see cref="Log"/> and <see cref="Types"/> on. What a decorator sees is what is called on it:
/// the appends, folds and reads of the application, and those of decisions (<c>ExecuteAsync</c>), repositories, command handlers, reactions and health checks. What belongs to the delivery of events
/// passes it by and goes to <see cref="Log"/>, encoded and decoded as <see cref="Types"/> says: subscriptions and live listeners read the log, and write checkpoints, leases, parked events
/// and the effects that handlers enlist there in one transaction; <c>TraceAsync</c> and what a backend adds (<c>InSqliteTransactionAsync</c>) use it too.
/// So what must see every event that is stored or read decorates the log, not the store.</para>
/// <para>Decisions queue for each other where they have the same <see cref="Log"/> and <see cref="Types"/>, through whichever store they are made.</para>
/// </remarks>
public interface IEventStore : IAsyncDisposable
{
    /// <summary>The log of bytes beneath.</summary>
    IEventLog Log { get; }

    /// <summary>The type map.</summary>
    EventTypeMap Types { get; }

    /// <summary>Stores an append completely or not at all; judged as <see cref="IEventLog.AppendAsync"/> says.</summary>
    /// <param name="append">What to store.</param>
    /// <param name="cancellationToken">Before the commit is sent: nothing is written.</param>
    /// <returns>Positions and versions; for a repeat, those of the first time. It is awaited once, or waited for once by blocking; to use it more often, keep <see cref="ValueTask{TResult}.AsTask"/>.</returns>
    /// <exception cref="ArgumentException">The append holds nothing (no event, no command id, no tracking), or a name in it is not valid. Nothing was written; so with every exception but the last.</exception>
    /// <exception cref="UnknownEventTypeException">An event's CLR type, or one of the condition's, has no entry in the type map.</exception>
    /// <exception cref="EventSerializationException">An event could not be serialized.</exception>
    /// <exception cref="InvalidEventException">An event breaks a constraint.</exception>
    /// <exception cref="EventTooLargeException">An event or the append is over the limits.</exception>
    /// <exception cref="CommandIdConflictException">The command id was used with other content.</exception>
    /// <exception cref="DuplicateEventException">An event id is in use for something else, or twice in the append.</exception>
    /// <exception cref="WrongExpectedVersionException">A stream is not in the demanded state; all that are not are named.</exception>
    /// <exception cref="AppendConditionFailedException">An event matches the condition.</exception>
    /// <exception cref="LogDivergedException">The condition's token is of another history.</exception>
    /// <exception cref="PositionOutOfRangeException">The condition's position lies beyond the head.</exception>
    /// <exception cref="StoreUnavailableException">The log could not be written just now.</exception>
    /// <exception cref="AppendOutcomeUnknownException">The commit failed and its outcome could not be found out.</exception>
    ValueTask<AppendResult> AppendAsync(Append append, CancellationToken cancellationToken = default);

    /// <summary>Events of a stream, by version.</summary>
    /// <param name="stream">The stream; one without events gives none.</param>
    /// <param name="options">Which part; null for all, oldest first.</param>
    EventSequence ReadStreamAsync(StreamId stream, ReadStreamOptions? options = null);

    /// <summary>Events of the whole log, by position.</summary>
    /// <param name="query">Which; null for all.</param>
    /// <param name="options">Which part; null for all, oldest first.</param>
    /// <exception cref="UnknownEventTypeException">A CLR type of the query has no entry in the type map.</exception>
    EventSequence ReadAllAsync(EventQuery? query = null, ReadAllOptions? options = null);

    /// <summary>Folds events of a stream into a state, keeping no event. Ends at the log's head when it begins.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="stream">The stream.</param>
    /// <param name="initial">The state before the first event folded.</param>
    /// <param name="apply">State and event to the next state.</param>
    /// <param name="afterVersion">Only events after this version are folded; 0 for all.</param>
    /// <param name="throughVersion">The last version folded, inclusive; null for the stream's last.</param>
    /// <param name="cancellationToken">Ends the fold.</param>
    /// <exception cref="EventSerializationException">A stored event cannot be read; of an unknown type, <see cref="UnknownEventTypeException"/>.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages; fold anew.</exception>
    ValueTask<LoadResult<TState>> FoldStreamAsync<TState>(StreamId stream, TState initial, Func<TState, object, TState> apply, long afterVersion = 0, long? throughVersion = null, CancellationToken cancellationToken = default);

    /// <summary>Folds the events that match a query into a state, keeping no event. Ends at the log's head when it begins.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <param name="query">Which events.</param>
    /// <param name="initial">The state before the first event folded.</param>
    /// <param name="apply">State and event to the next state.</param>
    /// <param name="cancellationToken">Ends the fold.</param>
    /// <exception cref="EventSerializationException">A stored event cannot be read; of an unknown type, <see cref="UnknownEventTypeException"/>.</exception>
    /// <exception cref="StoreUnavailableException">Events were merged or removed between two pages; fold anew.</exception>
    ValueTask<LoadResult<TState>> FoldAsync<TState>(EventQuery query, TState initial, Func<TState, object, TState> apply, CancellationToken cancellationToken = default);

    /// <summary>The version of a stream and the place of its last event.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    ValueTask<StreamInfo> GetStreamInfoAsync(StreamId stream, CancellationToken cancellationToken = default);

    /// <summary>The position of the log's last event; <see cref="GlobalPosition.Start"/> when it has none.</summary>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken = default);

    /// <summary>What the append with this command id stored; null when there was none.</summary>
    /// <param name="commandId">The command's id.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    ValueTask<CommandResult?> FindCommandAsync(string commandId, CancellationToken cancellationToken = default);

    /// <summary>Completes when an event is stored after a position; at once when there is one already.</summary>
    /// <param name="after">The last position known.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PositionOutOfRangeException">The position lies beyond the head.</exception>
    ValueTask WaitForEventsAsync(GlobalPosition after, CancellationToken cancellationToken = default);
}
