using EventSourcing.Internal;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Internal;

namespace EventSourcing.Subscriptions;

/// <summary>What a handler knows of the delivery it takes part in, and the way to have its effect and the checkpoint in one transaction. Not thread-safe; not to be kept after the handler returns.</summary>
/// <remarks>
/// What is enlisted is kept and written with a later checkpoint, at the latest when there are 4,000 effects, when they take about 32 MiB of memory, or when the subscription
/// waits for new events: all of it or nothing, exactly once, in order, whatever crashes in between. An effect that is a function counts as much as
/// the event that it was enlisted for, which it is likely to hold; what else it holds is not known. When its transaction fails, the events come again one by one, each with a
/// transaction of its own, and the one that fails falls under the subscription's <see cref="OnFailure"/>.
/// </remarks>
public sealed class Delivery
{
    // A function with its captured variables, a few small ones.
    private const int FunctionBytes = 256;

    private readonly EventStore _store;
    private readonly List<Effect> _effects = [];
    private long _uncounted;

    internal Delivery(EventStore store, string subscription, int segment) => (_store, Subscription, Segment) = (store, subscription, segment);

    /// <summary>The subscription's name.</summary>
    public string Subscription { get; }

    /// <summary>The segment of a group, from 0 to 15; 0 where there is no group.</summary>
    public int Segment { get; }

    /// <summary>The epoch of the runner's lease. A system outside that remembers the highest it has seen, per segment, can refuse the late effects of a runner that was frozen.</summary>
    public long Epoch { get; internal set; }

    /// <summary>Which attempt this is, from 1.</summary>
    public int Attempt { get; private set; }

    /// <summary>True while events come that were handled before the subscription was reset.</summary>
    public bool IsReplay { get; private set; }

    internal int EffectCount => _effects.Count;

    /// <summary>About how much memory the effects take.</summary>
    internal long EffectBytes { get; private set; }

    /// <summary>The loop that calls the handler.</summary>
    internal Loop Loop { get; } = new();

    /// <summary>Adds work on the log's records to the checkpoint's transaction.</summary>
    /// <param name="effect">Runs later, synchronously, on the writer, perhaps more than once when a transaction has to be repeated; must be short and touch nothing but the transaction.</param>
    public void Enlist(Action<ILogTransaction> effect)
    {
        ArgumentNullException.ThrowIfNull(effect);
        Add(new(effect, null, null, BytesOfFunction(), ExecutionContext.Capture()));
    }

    /// <summary>Adds work on the backend's own transaction to the checkpoint's: rows of the user's own tables in the same database, for one.</summary>
    /// <remarks>The checkpoint then has a transaction to itself instead of a place in a group commit, so larger intervals and batches pay.</remarks>
    /// <example><code>delivery.Enlist&lt;SqliteLogTransaction&gt;(tx =&gt; { using var row = tx.Connection.CreateCommand(); … })</code></example>
    /// <typeparam name="TTransaction">The backend's type. With another backend the effect fails, and its event falls under the subscription's <see cref="OnFailure"/>.</typeparam>
    /// <param name="effect">As above.</param>
    public void Enlist<TTransaction>(Action<TTransaction> effect) where TTransaction : class, ILogTransaction
    {
        ArgumentNullException.ThrowIfNull(effect);
        Add(new(transaction => effect(transaction as TTransaction ?? throw new InvalidOperationException(
            $"An effect needs a {typeof(TTransaction)}, which this log's transactions are not.")), null, null, BytesOfFunction(), ExecutionContext.Capture(), IsNative: true));
    }

    /// <summary>Adds an append to the checkpoint's transaction.</summary>
    /// <param name="append">Encoded at once; it may be changed afterwards.</param>
    /// <exception cref="EventSourcingException">The append cannot be encoded. Refusals by the log come with the transaction.</exception>
    public void Append(Append append)
    {
        ArgumentNullException.ThrowIfNull(append);
        var encoder = _store.RentEncoder();
        try
        {
            var encoded = encoder.Encode(append);
            Add(new(null, encoded, encoder, encoder.Size));
        }
        catch
        {
            _store.Return(encoder);
            throw;
        }
    }

    /// <summary>Adds an append to one stream to the checkpoint's transaction. As every append it takes cause, correlation and actor from the event being handled (<see cref="Handling"/>).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">What the stream must be like before.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>; at least one.</param>
    /// <exception cref="EventSourcingException">An event cannot be encoded. Refusals by the log come with the transaction.</exception>
    public void Append(StreamId stream, ExpectedVersion expected, IEnumerable<object> events) =>
        Append(new Append().To(stream, expected, events));

    /// <summary>Before an attempt.</summary>
    /// <param name="attempt">Which one, from 1.</param>
    /// <param name="isReplay">See <see cref="IsReplay"/>.</param>
    /// <param name="bytes">The stored bytes of what is handled.</param>
    internal void Begin(int attempt, bool isReplay, long bytes) => (Attempt, IsReplay, _uncounted) = (attempt, isReplay, bytes);

    /// <summary>Does what was enlisted, in the transaction.</summary>
    /// <exception cref="EffectException">It was refused.</exception>
    internal void Run(ILogTransaction transaction)
    {
        var outer = LoopWaits.EnterDelegate(Loop);
        try
        {
            foreach (var effect in _effects)
            {
                if (effect.Append is { } append) transaction.Append(append);
                else RunInItsFlow(effect, transaction);
            }
        }
        catch (Exception e)
        {
            // Of whatever type: an effect may use another store, whose trouble is not the log's. Trouble of the log itself shows where the event's transaction is tried without the effect.
            throw new EffectException(e);
        }
        finally
        {
            LoopWaits.LeaveDelegate(outer);
        }
    }

    /// <summary>Says that an event is being handled until the flow of the asynchronous method that calls this ends.</summary>
    internal void Enter(IHandled handled)
    {
        Loop.Call = handled;
        Handling.Enter(handled);
    }

    /// <summary>The same of events that are handled together.</summary>
    internal void EnterBatch()
    {
        var call = new HandlerCall();
        Loop.Call = call;
        Handling.Enter(call);
    }

    /// <summary>The handler has returned.</summary>
    internal void Leave() => Loop.Call = null;

    /// <summary>Runs work, with what was enlisted in it, in a transaction of the kind that this needs.</summary>
    /// <exception cref="EffectException">What was enlisted was refused.</exception>
    internal async ValueTask TransactAsync(IEventLog log, Func<ILogTransaction, bool> work)
    {
        if (!_effects.Exists(static e => e.IsNative))
        {
            await log.TransactAsync(work, CancellationToken.None).ConfigureAwait(false);
            return;
        }

        try
        {
            await log.TransactNativelyAsync(work, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (EventSourcingException or EffectException or ObjectDisposedException))
        {
            // What the effects left behind was refused at the end: a deferred foreign key, for one.
            throw new EffectException(e);
        }
    }

    /// <summary>Forgets what was enlisted after the first <paramref name="count"/>.</summary>
    internal void Forget(int count)
    {
        for (var i = count; i < _effects.Count; i++)
        {
            EffectBytes -= _effects[i].Bytes;
            if (_effects[i].Encoder is { } encoder) _store.Return(encoder);
        }

        _effects.RemoveRange(count, _effects.Count - count);
    }

    private void Add(in Effect effect)
    {
        _effects.Add(effect);
        EffectBytes += effect.Bytes;
    }

    /// <summary>The first function of an attempt counts for what is handled too; the others hold the same.</summary>
    private long BytesOfFunction()
    {
        var bytes = FunctionBytes + _uncounted;
        _uncounted = 0;
        return bytes;
    }

    // The event that the handler was given is the cause of what its effect appends, though the effect runs later.
    private static void RunInItsFlow(in Effect effect, ILogTransaction transaction)
    {
        if (effect.Flow is null || ExecutionContext.Capture() is not { } own)
        {
            effect.Work!(transaction);
            return;
        }

        ExecutionContext.Restore(effect.Flow);
        try
        {
            effect.Work!(transaction);
        }
        finally
        {
            ExecutionContext.Restore(own);
        }
    }

    private readonly record struct Effect(Action<ILogTransaction>? Work, LogAppend? Append, AppendEncoder? Encoder, long Bytes, ExecutionContext? Flow = null, bool IsNative = false);
}
