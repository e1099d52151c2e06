using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The events of one read, in its direction, bounded by the head at the first page. Read in pages, each a short snapshot.</summary>
/// <remarks>
/// May be enumerated several times, each time up to the same head. Not thread-safe. Enumerating throws
/// <see cref="EventSerializationException"/> at an event that cannot be read, <see cref="UnknownEventTypeException"/> at one whose
/// type has no entry in the type map, <see cref="PositionOutOfRangeException"/> when the read starts beyond the head,
/// <see cref="LogDivergedException"/> when the token to read after is of another history, or the log was restored to an older state between two pages, and
/// <see cref="StoreUnavailableException"/> when events were merged or removed between two pages: the events read so far are then of
/// another history, and the caller must read again.
/// </remarks>
public sealed class EventSequence : IAsyncEnumerable<EventEnvelope>
{
    private readonly IEventLog _log;
    private readonly EventCodec _codec;
    private readonly RangeRead _read;
    private readonly long _maxCount;
    private readonly BoundFilter? _filter;
    private readonly LogBounds? _bounds;
    private readonly CancellationToken _cancellationToken;
    private GlobalPosition? _head;

    // The latest token that was read: every page belongs to a history that contains it.
    private ResumeToken _known;
    private ResumeToken? _headToken;

    internal EventSequence(IEventLog log, EventCodec codec, RangeRead read, long? maxCount, BoundFilter? filter, LogBounds? bounds, CancellationToken cancellationToken) =>
        (_log, _codec, _read, _maxCount, _filter, _bounds, _cancellationToken, _known) = (log, codec, read, maxCount ?? long.MaxValue, filter?.GoesBeyondQuery == true ? filter : null, bounds, cancellationToken, read.Token);

    /// <summary>The position of the log's last event when this sequence was first read: what a condition's <c>after</c> is to be, also when nothing matched.</summary>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The head, always the same; <see cref="GlobalPosition.Start"/> when the log had no event.</returns>
    public async ValueTask<GlobalPosition> GetHeadAsync(CancellationToken cancellationToken = default)
    {
        if (_head is { } known) return known;
        using var either = Either(ref cancellationToken);
        using var page = await _log.ReadAsync(EventLogExtensions.HeadRead with { Token = _known }, cancellationToken).ConfigureAwait(false);
        _head ??= page.Head;
        return _head.Value;
    }

    /// <summary>The head that <see cref="GetHeadAsync"/> gives, for use outside the process: what a client hands back with its decision, to be a condition's <c>after</c>.</summary>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The token, always the same; <see cref="ResumeToken.Start"/> when the log had no event.</returns>
    /// <exception cref="LogDivergedException">The log was restored to an older state since this sequence was first read.</exception>
    public async ValueTask<ResumeToken> GetHeadTokenAsync(CancellationToken cancellationToken = default)
    {
        if (_headToken is { } known) return known;
        using var either = Either(ref cancellationToken);
        if (_head is not { } head)
        {
            using var page = await _log.ReadAsync(EventLogExtensions.LastRead with { Token = _known }, cancellationToken).ConfigureAwait(false);
            (_head, _headToken) = (page.Head, EventLogExtensions.TokenAt(page.Head, page));
        }
        else
        {
            // A sequence that was read to its end has the token already.
            var isSeen = _known.Position == head && _known.IsVerifiable;
            _headToken = isSeen ? _known : await _log.FindTokenAsync(ResumeToken.Unverified(head), _known, cancellationToken).ConfigureAwait(false);
        }

        _known = ResumeToken.Later(_known, _headToken.Value);
        return _headToken.Value;
    }

    /// <summary>Reads the events, up to the head that <see cref="GetHeadAsync"/> gives.</summary>
    /// <param name="cancellationToken">Ends the read at the next page, as the token does that was given with the read (<see cref="IEventStore.ReadAllAsync"/>): either of them is enough.</param>
    public async IAsyncEnumerator<EventEnvelope> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        using var either = Either(ref cancellationToken);
        var read = _bounds is null
            ? _read
            : await _bounds.NarrowAsync(_log, (AllRead)_read, await GetHeadAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        var left = _maxCount;
        for (var pages = new LogPages(read is null ? null : read with { Token = _known }); pages.Next is { } next && left > 0;)
        {
            using var page = await _log.ReadAsync(WithMaxCount(next, left), cancellationToken).ConfigureAwait(false);
            pages.Take(page);
            _known = ResumeToken.Later(_known, page.Token);
            var head = _head ??= page.Head;
            for (var i = 0; i < page.Events.Length && left > 0; i++)
            {
                if (page.Events[i].Position > head)
                {
                    // An event above the head was stored after the head was read. In a forward read, no further event follows.
                    if (next.Direction == ReadDirection.Forward) yield break;
                    continue;
                }

                if (_filter?.AdmitsUndecoded(page.Events[i]) == false) continue;
                var envelopes = _codec.Read(page.Events[i]);
                if (_filter?.Predicate is { } predicate) envelopes = envelopes.Where(predicate);
                // Counts all events that a stored event decodes to, so that a read never ends between them.
                if (envelopes.Count > 0) left--;
                for (var ordinal = 0; ordinal < envelopes.Count; ordinal++) yield return envelopes[ordinal];
            }
        }
    }

    // Most callers give one token. A linked source is created only when both tokens can be cancelled.
    private CancellationTokenSource? Either(ref CancellationToken cancellationToken)
    {
        if (!_cancellationToken.CanBeCanceled || cancellationToken == _cancellationToken) return null;
        if (!cancellationToken.CanBeCanceled)
        {
            cancellationToken = _cancellationToken;
            return null;
        }

        var either = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken, cancellationToken);
        cancellationToken = either.Token;
        return either;
    }

    // A filter may exclude any number of events, so the page size is not limited.
    private RangeRead WithMaxCount(RangeRead read, long left) => _filter is null && left < read.MaxCount ? read with { MaxCount = (int)left } : read;
}
