using EventSourcing.Following;
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
    private readonly EffectBuffer? _effects;
    private readonly RecordedEffects? _recorded;
    private readonly bool _isCheckpointOutside;
    private readonly long _fencingToken;

    internal DeliveryContext(EffectBuffer effects, Loop loop, string subscription, int partition, bool isCheckpointOutside) =>
        (_effects, Loop, Subscription, Partition, _isCheckpointOutside) = (effects, loop, subscription, partition, isCheckpointOutside);

    private DeliveryContext(string subscription, int partition, long fencingToken) =>
        (_recorded, Loop, Subscription, Partition, _fencingToken) = (new(), new(), subscription, partition, fencingToken);

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
        if (partition is < 0 or >= PartitionId.PartitionCount) throw new ArgumentOutOfRangeException(nameof(partition), partition, "The partition must be from 0 to 15.");
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(fencingToken);
        return new(subscription, partition, fencingToken) { Attempt = attempt, IsReplay = isReplay, ResumeToken = resumeToken };
    }

    /// <summary>The subscription's name.</summary>
    public string Subscription { get; }

    /// <summary>The partition, from 0 to 15; 0 where the subscription is not partitioned.</summary>
    public int Partition { get; }

    /// <summary>A number that rises whenever the lease of the partition passes to another process. An external system that remembers the highest one per partition can refuse late effects of a process that was suspended.</summary>
    public long FencingToken => Lease?.Epoch ?? _fencingToken;

    /// <summary>The place of the event, or of the last one of the batch: what a handler whose checkpoint is outside the log (<see cref="SubscriptionOptions.LoadToken"/>) commits with its effect. Null for a parked event that is retried: its effect is committed without a place.</summary>
    public ResumeToken? ResumeToken { get; private set; }

    /// <summary>The number of this attempt, from 1.</summary>
    public int Attempt { get; private set; }

    /// <summary>True for an event, or a batch of events, that was handled before the subscription was reset: a batch holds such events only, or others only. An event that was parked meanwhile keeps the value that it had when it was parked (<see cref="ParkedEvent.IsReplay"/>).</summary>
    public bool IsReplay { get; private set; }

    /// <summary>The lease under which the events are delivered; null in a context that a test made.</summary>
    internal Lease? Lease { get; set; }

    /// <summary>The loop that calls the handler.</summary>
    internal Loop Loop { get; }

    /// <summary>
    /// The error to throw by a handler whose checkpoint is outside the log (<see cref="SubscriptionOptions.LoadToken"/>), when it finds a higher fencing token there, or another checkpoint than this subscription has left. It is no failure of the event:
    /// the subscription gives its lease back, waits for it again, gets a higher fencing token and loads the resume token again. Handlers throw it only after they have rolled back.
    /// </summary>
    public LeaseLostException LeaseLost() => Lease?.Error() ?? new(Subscription, Guid.Empty, FencingToken);

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
        if (_effects is not null) _effects.Enlist(effect);
        else _recorded!.Enlist(effect);
    }

    /// <summary>Adds an append to the checkpoint's transaction.</summary>
    /// <param name="append">Encoded at once; it may be changed afterwards.</param>
    /// <exception cref="ArgumentException">The append holds nothing, or a name in it is not valid.</exception>
    /// <exception cref="EventSourcingException">The append cannot be encoded. Refusals by the log come with the transaction.</exception>
    public void Append(Append append)
    {
        ArgumentNullException.ThrowIfNull(append);
        ThrowIfCheckpointOutside();
        if (_effects is not null) _effects.Enlist(append);
        else _recorded!.Appends.Add(append);
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
        return Recorded.Run(transaction);
    }

    /// <summary>Begins an attempt.</summary>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="isReplay">See <see cref="IsReplay"/>.</param>
    /// <param name="bytes">The stored bytes of the events that are handled.</param>
    /// <param name="token">See <see cref="ResumeToken"/>.</param>
    internal void Begin(int attempt, bool isReplay, long bytes, ResumeToken? token)
    {
        (Attempt, IsReplay, ResumeToken) = (attempt, isReplay, token);
        _effects!.BeginAttempt(bytes);
    }

    private RecordedEffects Recorded => _recorded ?? throw new InvalidOperationException($"This context belongs to subscription '{Subscription}'. Only a context made with {nameof(DeliveryContext)}.{nameof(Create)} records what is enlisted.");

    private void ThrowIfCheckpointOutside()
    {
        if (_isCheckpointOutside)
            throw new InvalidOperationException(
                $"Nothing can be enlisted by subscription '{Subscription}', whose checkpoint is outside the log (SubscriptionOptions.LoadToken). Write the effect in the transaction that commits the token; append through the store, with a command id or event ids.");
    }

    /// <summary>Makes an event the ambient one, until the asynchronous method that calls this ends.</summary>
    internal void Enter(IHandled handled)
    {
        Loop.Call = handled;
        EventContext.Enter(handled);
    }

    /// <summary>As <see cref="Enter"/>, for events that are handled together.</summary>
    internal void EnterBatch()
    {
        var call = new HandlerCall();
        Loop.Call = call;
        EventContext.Enter(call);
    }

    /// <summary>The handler has returned.</summary>
    internal void Leave() => Loop.Call = null;
}
