using EventSourcing.Internal;

namespace EventSourcing.Deciding;

/// <summary>One decision, with its turn while several decisions on the same stream or query conflict. Used by one <see cref="DecisionLoop"/>.</summary>
/// <remarks>A decision that is made inside another one with a turn does not wait for a turn, because the two could deadlock.</remarks>
internal abstract class Decision(IEventStore store, TimeProvider time)
{
    private static readonly AsyncLocal<Decision?> s_current = new();

    private readonly Turns _turns = store.Types.Codec.Turns;
    private Decision? _outer;
    private Turns.Turn? _turn;

    protected IEventStore Store { get; } = store;

    /// <summary>True when other decisions have turns. The decision must then check its stream or query against their turns before it reads.</summary>
    internal bool MayHaveToQueue => _turn is null && _turns.Any;

    /// <summary>Makes this decision visible to decisions inside it, until the calling async method returns.</summary>
    internal void Enter()
    {
        if (s_current.Value == this) return;
        _outer = s_current.Value;
        s_current.Value = this;
    }

    /// <summary>Waits for a turn if other decisions have turns for this key.</summary>
    internal async ValueTask QueueAsync(string key, CancellationToken cancellationToken)
    {
        if (!IsInsideATurn && _turns.IsTaken(Store.Log, key)) _turn = await _turns.TakeAsync(Store.Log, key, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits for a turn after a conflict, behind decisions with an earlier conflict.</summary>
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

/// <summary>The differences between the kinds of decisions: what is read, what counts as a conflict, and what is returned.</summary>
/// <typeparam name="TOutcome">The result for the caller.</typeparam>
internal abstract class Decision<TOutcome>(IEventStore store, TimeProvider time) : Decision(store, time)
{
    /// <summary>Reads and decides. Called again after a conflict.</summary>
    /// <returns>The append; null when there is nothing to append.</returns>
    internal abstract ValueTask<Append?> DecideAsync(CancellationToken cancellationToken);

    /// <summary>The key of the turn for the stream or query that has changed since the last decision read it. Null when nothing has changed: another decision would be refused too.</summary>
    internal abstract string? ConflictOf(EventSourcingException refusal);

    /// <summary>The outcome of a decision to do nothing.</summary>
    internal abstract ValueTask<TOutcome> NothingAsync(CancellationToken cancellationToken);

    /// <summary>The outcome of a decision that was stored.</summary>
    internal abstract ValueTask<TOutcome> StoredAsync(AppendResult result, CancellationToken cancellationToken);

    /// <summary>The outcome of a command that was executed before.</summary>
    internal abstract ValueTask<TOutcome> RecallAsync(AppendResult first, CancellationToken cancellationToken);
}
