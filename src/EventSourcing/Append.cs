using System.Runtime.InteropServices;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>Everything one append can say: stored completely or not at all. Not thread-safe; may be appended again.</summary>
/// <example><code>
/// new Append { CommandId = id, Actor = "ann" }
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

    /// <summary>The command's id; a second append with it stores nothing and answers with the first one's result. To run the command anew, choose another id. 1 to 512 bytes of UTF-8, or null.</summary>
    public string? CommandId { get; init; }

    /// <summary>What the command's content is recognised by: a second append with the same id and another fingerprint is refused. Null: a hash of the events; empty: the id alone decides. At most 64 bytes.</summary>
    public ReadOnlyMemory<byte>? Fingerprint { get; init; }

    /// <summary>Who did it; for events that do not say. Null takes the actor of what is being handled (<see cref="EventContext"/>).</summary>
    public string? Actor { get; init; }

    /// <summary>The correlation id of events that do not say; null takes that of what is being handled (<see cref="EventContext"/>), else the trace id of the current activity.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>The causation id of events that do not say; null takes the id of the event being handled (<see cref="EventContext"/>), else the command id.</summary>
    public string? CausationId { get; init; }

    /// <summary>Headers of events that do not say; none is called <c>actor</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = EventMetadata.None.Headers;

    internal ReadOnlySpan<AppendWrite> Writes => _writes.AsSpan(0, _writeCount);

    internal ReadOnlySpan<StreamCheck> Checks => CollectionsMarshal.AsSpan(_checks);

    /// <summary>The query of the condition; null where there is none.</summary>
    internal EventQuery? FailIfQuery { get; private set; }

    /// <summary>The position of the condition.</summary>
    internal ResumeToken FailIfAfter { get; private set; }

    internal Tracking? Tracking { get; private set; }

    /// <summary>Filled by the store with the append's events in order, for a decision that folds its own events; null where nobody asks for them.</summary>
    internal List<EncodedEvent>? Encoded { get; set; }

    /// <summary>Writes events to a stream. May be said several times, of one stream too; the order is kept.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">What the stream must be like before the append.</param>
    /// <param name="events">Events of the type map, or <see cref="EventData"/>; none makes it a demand only.</param>
    /// <exception cref="ArgumentException">An event names another stream.</exception>
    public Append To(StreamId stream, ExpectedVersion expected, IEnumerable<object> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return To(stream, expected, (object[])[.. events]);
    }

    /// <summary>The same without a copy of the events: for an append that is stored at once.</summary>
    internal Append To(StreamId stream, ExpectedVersion expected, object[] events)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) names no stream.", nameof(stream));
        foreach (var e in events)
        {
            ArgumentNullException.ThrowIfNull(e, nameof(events));
            if (e is EventData { StreamId: { } own } && own != stream)
                throw new ArgumentException($"An event for stream '{own}' is not written to '{stream}'.", nameof(events));
        }

        if (_writeCount == _writes.Length) Array.Resize(ref _writes, Math.Max(1, _writeCount * 2));
        _writes[_writeCount++] = new(stream, expected, events);
        return this;
    }

    /// <summary>Demands something of a stream without writing to it.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="expected">What it must be like before the append.</param>
    public Append Require(StreamId stream, ExpectedVersion expected)
    {
        if (stream.IsDefault) throw new ArgumentException("default(StreamId) names no stream.", nameof(stream));
        (_checks ??= []).Add(new(stream, expected));
        return this;
    }

    /// <summary>Refuses the append when any event matches a query. Said again, either query refuses.</summary>
    /// <param name="query">The events that must not exist.</param>
    /// <exception cref="InvalidOperationException">A condition after another place was said before.</exception>
    public Append FailIf(EventQuery query) => FailIf(query, ResumeToken.Start);

    /// <summary>Refuses the append when an event after a position matches a query. Said again with the same position, either query refuses.</summary>
    /// <param name="query">The events that must not exist.</param>
    /// <param name="after">Events up to here are ignored: the head that the decision was made on, read by this process a moment ago. A place that was kept outside it is a <see cref="ResumeToken"/>.</param>
    /// <exception cref="InvalidOperationException">A condition after another place was said before.</exception>
    public Append FailIf(EventQuery query, GlobalPosition after) => FailIf(query, ResumeToken.Unverified(after));

    /// <summary>As <see cref="FailIf(EventQuery, GlobalPosition)"/>, after a place that was kept outside the process, by a client for one: the append is refused with <see cref="LogDivergedException"/> when the log holds another event there.</summary>
    /// <param name="query">The events that must not exist.</param>
    /// <param name="after">Events up to here are ignored: the token of the head that the decision was made on.</param>
    /// <exception cref="InvalidOperationException">A condition after another place was said before.</exception>
    public Append FailIf(EventQuery query, ResumeToken after)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (FailIfQuery is not null && FailIfAfter != after)
            throw new InvalidOperationException($"An append has one condition, after one place: {Text(FailIfAfter)} was given, now {Text(after)}.");
        (FailIfQuery, FailIfAfter) = (FailIfQuery?.Or(query) ?? query, after);
        return this;

        static string Text(ResumeToken place) => place.IsVerifiable ? place.ToString() : place.Position.ToString();
    }

    /// <summary>Records how far a source was read; an append not above the recorded place stores nothing.</summary>
    /// <param name="source">The source's name, 1 to 512 bytes of UTF-8.</param>
    /// <param name="position">The place of what was read, 1 or more.</param>
    /// <exception cref="InvalidOperationException">It was said before.</exception>
    public Append Track(string source, long position)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Tracking is not null) throw new InvalidOperationException($"An append has one tracking entry: {Tracking} was said.");
        Tracking = new(source, position);
        return this;
    }

    /// <summary>Records how far another log was read, with the token to read on from: <see cref="EventStoreToolExtensions.FindTrackingAsync"/> gives it back.</summary>
    /// <param name="source">The source's name, 1 to 512 bytes of UTF-8.</param>
    /// <param name="token">The token of the source's event that was read: its position is the place.</param>
    /// <exception cref="InvalidOperationException">It was said before.</exception>
    public Append Track(string source, ResumeToken token)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Tracking is not null) throw new InvalidOperationException($"An append has one tracking entry: {Tracking} was said.");
        Tracking = new(source, token.Position.ToInt64(), token);
        return this;
    }
}

/// <summary>The events that an append writes to one stream.</summary>
internal readonly record struct AppendWrite(StreamId Stream, ExpectedVersion Expected, object[] Events);
