using EventSourcing.Internal;

namespace EventSourcing.Aggregates;

/// <summary>A decision under way and its turn, where many decide on the same. Used by one <see cref="DecisionLoop"/>.</summary>
/// <remarks>Nobody waits for a turn inside a decision that has one: the two might wait for each other.</remarks>
internal abstract class Decision(IEventStore store, TimeProvider time)
{
    private static readonly AsyncLocal<Decision?> s_current = new();

    private readonly Turns _turns = store.Types.Codec.Turns;
    private Decision? _outer;
    private Turns.Turn? _turn;

    protected IEventStore Store { get; } = store;

    /// <summary>True when others have turns: what is decided on is looked up among theirs before it is read.</summary>
    internal bool MayHaveToQueue => _turn is null && _turns.Any;

    /// <summary>Names this to the decisions that are made inside it, until the calling async method ends.</summary>
    internal void Enter()
    {
        if (s_current.Value == this) return;
        _outer = s_current.Value;
        s_current.Value = this;
    }

    /// <summary>Queues for what others have turns at; does not wait where nobody has.</summary>
    internal async ValueTask QueueAsync(string key, CancellationToken cancellationToken)
    {
        if (!IsInsideATurn && _turns.IsTaken(Store.Log, key)) _turn = await _turns.TakeAsync(Store.Log, key, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Queues after a conflict, behind those who met it before.</summary>
    internal async ValueTask TakeTurnAsync(string key, CancellationToken cancellationToken)
    {
        if (_turn?.Key == key || IsInsideATurn) return;
        EndTurn();
        _turn = await _turns.TakeAsync(Store.Log, key, time, cancellationToken).ConfigureAwait(false);
    }

    internal void EndTurn()
    {
        if (_turn is not null) _turns.GiveBack(_turn);
        _turn = null;
    }

    private bool IsInsideATurn
    {
        get
        {
            for (var outer = _outer ?? (s_current.Value == this ? null : s_current.Value); outer is not null; outer = outer._outer)
                if (outer._turn is not null) return true;
            return false;
        }
    }
}

/// <summary>What differs between the ways to decide: what is read, what a conflict is, and what the caller is told.</summary>
/// <typeparam name="TOutcome">What the caller is told.</typeparam>
internal abstract class Decision<TOutcome>(IEventStore store, TimeProvider time) : Decision(store, time)
{
    /// <summary>Reads and decides. Called again after a conflict.</summary>
    /// <returns>What is to be appended; null for nothing at all.</returns>
    internal abstract ValueTask<Append?> DecideAsync(CancellationToken cancellationToken);

    /// <summary>What has changed since the last decision was made on it, as the key of a turn; null when nothing has: then it does not help to decide anew.</summary>
    internal abstract string? ConflictOf(EventSourcingException refusal);

    /// <summary>The outcome of a decision to do nothing.</summary>
    internal abstract ValueTask<TOutcome> NothingAsync(CancellationToken cancellationToken);

    /// <summary>The outcome of a decision that is stored.</summary>
    internal abstract ValueTask<TOutcome> StoredAsync(AppendResult result, CancellationToken cancellationToken);

    /// <summary>The outcome of a command that was executed before.</summary>
    internal abstract ValueTask<TOutcome> RecallAsync(AppendResult first, CancellationToken cancellationToken);
}
