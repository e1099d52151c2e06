using System.Runtime.InteropServices;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>An append with all its parts, stored completely or not at all. Not thread-safe; may be appended again.</summary>
/// <example><code>
/// new Append { CommandId = id, Metadata = new() { Actor = "ann" } }
///     .To("order-42", ExpectedVersion.Exactly(3), [new OrderPaid(20m)])
///     .Require("customer-7", ExpectedVersion.StreamExists)
///     .FailIf(EventQuery.Of&lt;PeriodClosed&gt;().Tagged("period", "2026-11"), after: seen)
/// </code></example>
public sealed class Append
{
    // Most appends write to one stream and check none.
    private AppendWrite[] _writes = [];
    private int _writeCount;
    private List<StreamCheck>? _checks;

    /// <summary>The command's id. A second append with the same id stores nothing and returns the first one's result. To store it once more, choose another id. 1 to 512 bytes of UTF-8; default null, for none.</summary>
    public string? CommandId { get; init; }

    /// <summary>Identifies the command's content: a second append with the same id and another fingerprint is refused. At most 64 bytes. Default null, for a hash of the events; empty: the id alone decides.</summary>
    public ReadOnlyMemory<byte>? Fingerprint { get; init; }

    /// <summary>Correlation, causation, actor and headers of the events, for parts that an event's own metadata leaves out. Default null, for none.</summary>
    /// <remarks>
    /// Parts that this leaves out too come from the event or command that is being handled (<see cref="EventContext"/>): its actor, its correlation id, and its id as causation id.
    /// After that, the correlation id is the trace id of the current activity, and the causation id is <see cref="CommandId"/>.
    /// </remarks>
    public EventMetadata? Metadata { get; init; }

    internal ReadOnlySpan<AppendWrite> Writes => _writes.AsSpan(0, _writeCount);

    internal ReadOnlySpan<StreamCheck> Checks => CollectionsMarshal.AsSpan(_checks);

    /// <summary>The query of the condition; null where there is none.</summary>
    internal EventQuery? FailIfQuery { get; private set; }

    /// <summary>The position of the condition.</summary>
    internal ResumeToken FailIfAfter { get; private set; }

    internal Tracking? Tracking { get; private set; }

    /// <summary>The store adds the append's events here, in order, for a decision that folds its own events; null where they are not needed.</summary>
    internal List<EncodedEvent>? Encoded { get; set; }

    /// <summary>Writes events to a stream. May be called several times, also for one stream; the order is kept.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">The condition on the stream's version before the append.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>; none makes it a condition only.</param>
    /// <exception cref="ArgumentException">An event names another stream.</exception>
    public Append To(StreamId stream, ExpectedVersion expected, IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return To(stream, expected, (object[])[.. events]);
    }

    /// <summary>The same without a copy of the events: for an append that is stored at once.</summary>
    internal Append To(StreamId stream, ExpectedVersion expected, object[] events)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        foreach (var e in events)
        {
            ArgumentNullException.ThrowIfNull(e, nameof(events));
            if (e is EventData { StreamId: { } own } && own != stream)
                throw new ArgumentException($"The event is for stream '{own}', but the append writes it to '{stream}'. Write it with To(\"{own}\", …); or omit the event's stream.", nameof(events));
        }

        if (_writeCount == _writes.Length) Array.Resize(ref _writes, Math.Max(1, _writeCount * 2));
        _writes[_writeCount++] = new(stream, expected, events);
        return this;
    }

    /// <summary>Adds a condition on a stream without writing to it.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">The condition on the stream's version before the append.</param>
    public Append Require(StreamId stream, ExpectedVersion expected)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) is not a stream. Use a stream name such as 'order-42'.", nameof(stream));
        (_checks ??= []).Add(new(stream, expected));
        return this;
    }

    /// <summary>Refuses the append when any event matches a query. Called again, either query refuses.</summary>
    /// <param name="query">The events that must not exist.</param>
    /// <exception cref="InvalidOperationException">The append has a condition after another position.</exception>
    public Append FailIf(EventQuery query) => FailIf(query, ResumeToken.Start);

    /// <summary>Refuses the append when an event after a position matches a query. Called again with the same position, either query refuses.</summary>
    /// <param name="query">The events that must not exist.</param>
    /// <param name="after">Events up to this position are ignored: the head that the decision was made on, just read by this process. For a position kept outside the process, use a <see cref="ResumeToken"/>.</param>
    /// <exception cref="InvalidOperationException">The append has a condition after another position.</exception>
    public Append FailIf(EventQuery query, GlobalPosition after) => FailIf(query, ResumeToken.Unverified(after));

    /// <summary>As <see cref="FailIf(EventQuery, GlobalPosition)"/>, for a position that was kept outside the process, for example by a client: the append is refused with <see cref="LogDivergedException"/> when the log holds another event there.</summary>
    /// <param name="query">The events that must not exist.</param>
    /// <param name="after">Events up to this position are ignored: the token of the head that the decision was made on.</param>
    /// <exception cref="InvalidOperationException">The append has a condition after another position.</exception>
    public Append FailIf(EventQuery query, ResumeToken after)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (FailIfQuery is not null && FailIfAfter != after)
            throw new InvalidOperationException($"An append has one condition, after one position: {Text(FailIfAfter)} was given, now {Text(after)}. Use the same position for every FailIf.");
        (FailIfQuery, FailIfAfter) = (FailIfQuery?.Or(query) ?? query, after);
        return this;

        static string Text(ResumeToken place) => place.IsVerifiable ? place.ToString() : place.Position.ToString();
    }

    /// <summary>Records how far a source was read. An append whose position is not above the recorded one stores nothing.</summary>
    /// <param name="source">The source's name, 1 to 512 bytes of UTF-8.</param>
    /// <param name="position">The source's position that was read, 1 or more.</param>
    /// <exception cref="InvalidOperationException">The append has a tracking entry.</exception>
    public Append Track(string source, long position)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Tracking is not null) throw new InvalidOperationException($"An append has one tracking entry, and {Tracking} was given before.");
        Tracking = new(source, position);
        return this;
    }

    /// <summary>Records how far another log was read, with the token to continue after: <see cref="EventStoreToolExtensions.FindTrackingAsync"/> returns it.</summary>
    /// <param name="source">The source's name, 1 to 512 bytes of UTF-8.</param>
    /// <param name="token">The token of the source's event that was read; its position is recorded.</param>
    /// <exception cref="InvalidOperationException">The append has a tracking entry.</exception>
    public Append Track(string source, ResumeToken token)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Tracking is not null) throw new InvalidOperationException($"An append has one tracking entry, and {Tracking} was given before.");
        Tracking = new(source, token.Position.ToInt64(), token);
        return this;
    }
}

/// <summary>The events that an append writes to one stream.</summary>
internal readonly record struct AppendWrite(StreamId Stream, ExpectedVersion Expected, object[] Events);
