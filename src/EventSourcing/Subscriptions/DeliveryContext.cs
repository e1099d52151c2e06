using EventSourcing.Following;
using EventSourcing.Internal;
using EventSourcing.Leasing;
using EventSourcing.Storage;
using EventSourcing.Subscriptions.Effects;
using EventSourcing.Tracing;

namespace EventSourcing;

/// <summary>The context of one delivery: subscription, partition, attempt, and the way to commit an effect in the checkpoint's transaction. Not thread-safe; must not be used after the handler returns.</summary>
/// <remarks>
/// What is enlisted is kept in memory and written with a later checkpoint, at the latest when there are 4,000 effects, when they take about 32 MiB of memory, or when the subscription
/// waits for new events. It is written completely or not at all, exactly once, whatever crashes in between: first the appends in order, then the functions in order. An effect that is a function counts as much memory as
/// the event that it was enlisted for. When the transaction fails, the events are delivered again one by one, each with a
/// transaction of its own, and the one that fails falls under the subscription's <see cref="FailurePolicy"/>. A unit test of a handler makes a context with <see cref="Create"/>.
/// </remarks>
public sealed class DeliveryContext
{
    // A function with its captured variables, a few small ones.
    private const int FunctionBytes = 256;

    // Only the log knows its own. What is wrong with an append of any size is found where it is enlisted.
    private static readonly LogLimits s_noLimits = new() { MaxEventBytes = int.MaxValue, MaxAppendBytes = int.MaxValue };

    private readonly IEventLog _log;
    private readonly EventCodec _codec;
    private readonly RecordedEffects? _recorded;
    private readonly List<Effect> _effects = [];
    private IUserTransactions<object>? _transactions;
    private Action<object>? _run;
    private int _functionCount;
    private long _uncounted;

    private readonly bool _isCheckpointOutside;

    internal DeliveryContext(IEventLog log, EventCodec codec, string subscription, int partition, bool isCheckpointOutside) =>
        (_log, _codec, Subscription, Partition, _isCheckpointOutside) = (log, codec, subscription, partition, isCheckpointOutside);

    private DeliveryContext(string subscription, int partition) =>
        (_log, _codec, Subscription, Partition, _recorded) = (null!, null!, subscription, partition, new());

    /// <summary>Makes a context for a unit test of a handler, without a store. What the handler enlists is recorded: <see cref="EnlistedAppends"/>, <see cref="RunEnlisted{TTransaction}"/>.</summary>
    /// <param name="subscription">See <see cref="Subscription"/>; not empty.</param>
    /// <param name="partition">See <see cref="Partition"/>, from 0 to 15.</param>
    /// <param name="attempt">See <see cref="Attempt"/>, 1 or more.</param>
    /// <param name="isReplay">See <see cref="IsReplay"/>.</param>
    /// <param name="fencingToken">See <see cref="FencingToken"/>, 0 or more.</param>
    /// <param name="resumeToken">See <see cref="ResumeToken"/>.</param>
    /// <exception cref="ArgumentException">The name is empty or a number is out of its range.</exception>
    /// <example><code>
    /// var delivery = DeliveryContext.Create(attempt: 2);
    /// await handler.HandleAsync(new OrderPaid(20m), delivery);
    /// delivery.EnlistedAppends.Should().HaveCount(1);
    /// </code></example>
    public static DeliveryContext Create(string subscription = "test", int partition = 0, int attempt = 1, bool isReplay = false, long fencingToken = 1, ResumeToken? resumeToken = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(subscription);
        if (partition is < 0 or >= PartitionId.PartitionCount) throw new ArgumentOutOfRangeException(nameof(partition), partition, "A partition is from 0 to 15.");
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(fencingToken);
        return new(subscription, partition) { Attempt = attempt, IsReplay = isReplay, FencingToken = fencingToken, ResumeToken = resumeToken };
    }

    /// <summary>The subscription's name.</summary>
    public string Subscription { get; }

    /// <summary>The partition, from 0 to 15; 0 where the subscription is not partitioned.</summary>
    public int Partition { get; }

    /// <summary>A number that rises whenever the lease of the partition passes to another process. An external system that remembers the highest one per partition can refuse late effects of a process that was suspended.</summary>
    public long FencingToken { get; internal set; }

    /// <summary>The place of the event, or of the last one of the batch: what a handler whose checkpoint is outside the log (<see cref="SubscriptionOptions.LoadToken"/>) commits with its effect. Null for a parked event that is retried: its effect is committed without a place.</summary>
    public ResumeToken? ResumeToken { get; private set; }

    /// <summary>The number of this attempt, from 1.</summary>
    public int Attempt { get; private set; }

    /// <summary>True for an event that was handled before the subscription was reset.</summary>
    public bool IsReplay { get; private set; }

    internal int EffectCount => _effects.Count;

    /// <summary>About how much memory the effects take.</summary>
    internal long EffectBytes { get; private set; }

    /// <summary>The loop that calls the handler.</summary>
    internal Loop Loop { get; } = new();

    /// <summary>Adds a function to the checkpoint's transaction, for example one that writes rows of the application's own tables in the same database.</summary>
    /// <remarks>The checkpoint then has a transaction of its own instead of sharing a group commit, so larger checkpoint intervals and batches are faster. Functions run in the order in which they were enlisted, after all enlisted appends.</remarks>
    /// <example><code>delivery.Enlist&lt;SqliteLogTransaction&gt;(tx =&gt; { using var row = tx.Connection.CreateCommand(); … })</code></example>
    /// <typeparam name="TTransaction">The backend's type.</typeparam>
    /// <param name="effect">Runs later, synchronously, on the writer, more than once where a transaction is repeated; must be short and use nothing but the transaction.</param>
    /// <exception cref="ArgumentException">The function is asynchronous, or one of several that it combines is: nothing would wait for it. Nothing was enlisted.</exception>
    /// <exception cref="InvalidOperationException">The log has no transactions of this type (<see cref="IUserTransactions{TTransaction}"/>). As with every exception of the handler, its event falls under the subscription's <see cref="FailurePolicy"/>.</exception>
    public void Enlist<TTransaction>(Action<TTransaction> effect) where TTransaction : class
    {
        ArgumentNullException.ThrowIfNull(effect);
        ThrowIfCheckpointOutside();
        SynchronousDelegate.ThrowIfAsync(effect, nameof(effect));
        if (_recorded is not null)
        {
            _recorded.Functions.Add((typeof(TTransaction), transaction => effect((TTransaction)transaction)));
            return;
        }

        var transactions = _log.Find<IUserTransactions<TTransaction>>()
            ?? throw new InvalidOperationException($"An effect needs a {typeof(TTransaction)}, and the log has no transactions of this type. Nothing of it was enlisted.");
        if (_functionCount > 0 && _transactions != transactions)
            throw new InvalidOperationException($"An effect needs a {typeof(TTransaction)}, and others that wait for the same checkpoint need transactions of another type. Enlist all of one type.");
        _transactions = transactions;
        Add(new(transaction => effect((TTransaction)transaction), null, null, BytesOfFunction(), ExecutionContext.Capture()));
    }

    /// <summary>Adds an append to the checkpoint's transaction.</summary>
    /// <param name="append">Encoded at once; it may be changed afterwards.</param>
    /// <exception cref="ArgumentException">The append holds nothing, or a name in it is not valid.</exception>
    /// <exception cref="EventSourcingException">The append cannot be encoded. Refusals by the log come with the transaction.</exception>
    public void Append(Append append)
    {
        ArgumentNullException.ThrowIfNull(append);
        ThrowIfCheckpointOutside();
        if (_recorded is not null)
        {
            _recorded.Appends.Add(append);
            return;
        }

        var encoder = _codec.RentEncoder();
        try
        {
            var encoded = encoder.Encode(append);
            encoded.Validate(s_noLimits);
            Add(new(null, encoded, encoder, encoder.Size));
        }
        catch
        {
            _codec.Return(encoder);
            throw;
        }
    }

    /// <summary>Adds an append to one stream to the checkpoint's transaction. As every append it takes cause, correlation and actor from the event being handled (<see cref="EventContext"/>).</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">What the stream must be like before.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>; at least one.</param>
    /// <exception cref="EventSourcingException">An event cannot be encoded. Refusals by the log come with the transaction.</exception>
    public void Append(StreamId stream, ExpectedVersion expected, IEnumerable<object> events) =>
        Append(new Append().To(stream, expected, events));

    /// <summary>What a handler enlisted with <see cref="Append(EventSourcing.Append)"/> in a context that a test made with <see cref="Create"/>, in order; not encoded and not validated.</summary>
    /// <exception cref="InvalidOperationException">The context belongs to a subscription.</exception>
    public IReadOnlyList<Append> EnlistedAppends => Recorded.Appends.AsReadOnly();

    /// <summary>Runs what a handler enlisted with <see cref="Enlist{TTransaction}"/> in a context that a test made with <see cref="Create"/>, in order.</summary>
    /// <typeparam name="TTransaction">The type that the handler enlists for.</typeparam>
    /// <param name="transaction">The transaction, or what stands for it in the test.</param>
    /// <returns>How many functions ran.</returns>
    /// <exception cref="InvalidOperationException">The context belongs to a subscription, or a function was enlisted for another type.</exception>
    public int RunEnlisted<TTransaction>(TTransaction transaction) where TTransaction : class
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var functions = Recorded.Functions;
        if (functions.Find(f => f.Transaction != typeof(TTransaction)) is { Transaction: { } other })
            throw new InvalidOperationException($"An effect was enlisted for {other}, not for {typeof(TTransaction)}.");
        foreach (var (_, work) in functions) work(transaction);
        return functions.Count;
    }

    /// <summary>Before an attempt.</summary>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="isReplay">See <see cref="IsReplay"/>.</param>
    /// <param name="bytes">The stored bytes of what is handled.</param>
    /// <param name="token">See <see cref="ResumeToken"/>.</param>
    internal void Begin(int attempt, bool isReplay, long bytes, ResumeToken? token) => (Attempt, IsReplay, _uncounted, ResumeToken) = (attempt, isReplay, bytes, token);

    private RecordedEffects Recorded => _recorded ?? throw new InvalidOperationException($"This context belongs to subscription '{Subscription}'. Only a context made with {nameof(DeliveryContext)}.{nameof(Create)} records what is enlisted.");

    private void ThrowIfCheckpointOutside()
    {
        if (_isCheckpointOutside)
            throw new InvalidOperationException(
                $"Nothing can be enlisted by subscription '{Subscription}', whose checkpoint is outside the log (SubscriptionOptions.LoadToken). Write the effect in the transaction that commits the token; append through the store, with a command id or event ids.");
    }

    /// <summary>Says that an event is being handled until the flow of the asynchronous method that calls this ends.</summary>
    internal void Enter(IHandled handled)
    {
        Loop.Call = handled;
        EventContext.Enter(handled);
    }

    /// <summary>The same of events that are handled together.</summary>
    internal void EnterBatch()
    {
        var call = new HandlerCall();
        Loop.Call = call;
        EventContext.Enter(call);
    }

    /// <summary>The handler has returned.</summary>
    internal void Leave() => Loop.Call = null;

    /// <summary>Writes what was enlisted with changes of records, fenced by a lease: all of it or nothing.</summary>
    /// <returns>For each change, whether it was made.</returns>
    /// <exception cref="EffectException">What was enlisted was refused.</exception>
    /// <exception cref="LeaseLostException">The lease has passed on.</exception>
    /// <exception cref="RecordConflictException">A record was changed by something else.</exception>
    internal async ValueTask<IReadOnlyList<bool>> WriteAsync(Lease lease, IReadOnlyList<RecordChange> changes)
    {
        var write = new LogWrite { Requirements = lease.Requirements, Appends = Appends(), Changes = changes };
        var written = await WriteAsync(write).ConfigureAwait(false);
        return written.Refusal switch
        {
            null => written.Changed,
            { Kind: LogRefusalKind.Requirement } => throw lease.Error(),
            { Error: { } error } => throw new EffectException(error),
            { Index: var index } => throw new RecordConflictException(changes[index].Kind, changes[index].Key),
        };
    }

    private async ValueTask<LogWritten> WriteAsync(LogWrite write)
    {
        try
        {
            if (_functionCount == 0) return await _log.WriteAsync(write, CancellationToken.None).ConfigureAwait(false);
            return await _transactions!.WriteAsync(write, _run ??= Run, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ArgumentException e) when (write.Appends.Count > 0)
        {
            // A log may be stricter than the rest.
            throw new EffectException(e);
        }
        catch (Exception e) when (_functionCount > 0 && e is not (EventSourcingException or EffectException or ObjectDisposedException))
        {
            // What the functions left behind was refused at the end: a deferred foreign key, for one.
            throw new EffectException(e);
        }
    }

    private LogAppend[] Appends()
    {
        if (_effects.Count == _functionCount) return [];
        var appends = new LogAppend[_effects.Count - _functionCount];
        var next = 0;
        foreach (var effect in _effects)
            if (effect.Append is { } append) appends[next++] = append;
        return appends;
    }

    private void Run(object transaction)
    {
        var outer = LoopWaits.EnterDelegate(Loop);
        try
        {
            foreach (var effect in _effects)
                if (effect.Work is not null) RunInItsFlow(effect, transaction);
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

    /// <summary>Forgets what was enlisted after the first <paramref name="count"/>.</summary>
    internal void Forget(int count)
    {
        for (var i = count; i < _effects.Count; i++)
        {
            EffectBytes -= _effects[i].Bytes;
            if (_effects[i].Work is not null) _functionCount--;
            if (_effects[i].Encoder is { } encoder) _codec.Return(encoder);
        }

        _effects.RemoveRange(count, _effects.Count - count);
    }

    private void Add(in Effect effect)
    {
        _effects.Add(effect);
        if (effect.Work is not null) _functionCount++;
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
    private static void RunInItsFlow(in Effect effect, object transaction)
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

    /// <summary>What a handler enlists in a test.</summary>
    private sealed class RecordedEffects
    {
        internal List<Append> Appends { get; } = [];

        internal List<(Type Transaction, Action<object> Work)> Functions { get; } = [];
    }

    private readonly record struct Effect(Action<object>? Work, LogAppend? Append, AppendEncoder? Encoder, long Bytes, ExecutionContext? Flow = null);
}
