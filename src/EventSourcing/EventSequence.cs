using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>The events of one read, in the order asked for, bounded by the head found at its first page. Read in pages, each a short snapshot.</summary>
/// <remarks>
/// May be enumerated several times, each time up to the same head. Not thread-safe. Enumerating throws
/// <see cref="EventSerializationException"/> at an event that cannot be read, <see cref="UnknownEventTypeException"/> at one whose
/// type has no entry in the type map, <see cref="LogTruncatedException"/> when the read starts beyond the head, and
/// <see cref="StoreUnavailableException"/> when events were merged or removed between two pages: what was read so far is then
/// another history, and the read is begun anew.
/// </remarks>
public sealed class EventSequence : IAsyncEnumerable<EventEnvelope>
{
    private readonly IEventLog _log;
    private readonly EventDecoder _decoder;
    private readonly LogRead _read;
    private readonly long _maxCount;
    private readonly ReadFilter? _filter;
    private readonly LogBounds? _bounds;
    private GlobalPosition? _head;

    internal EventSequence(IEventLog log, EventDecoder decoder, LogRead read, long? maxCount, ReadFilter? filter, LogBounds? bounds = null) =>
        (_log, _decoder, _read, _maxCount, _filter, _bounds) = (log, decoder, read, maxCount ?? long.MaxValue, filter, bounds);

    /// <summary>The position of the log's last event when this sequence was first read: what a condition's <c>after</c> is to be, also when nothing matched.</summary>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    /// <returns>The head, always the same; <see cref="GlobalPosition.Start"/> when the log had no event.</returns>
    public async ValueTask<GlobalPosition> HeadAsync(CancellationToken cancellationToken = default)
    {
        if (_head is { } known) return known;
        using var page = await _log.ReadAsync(HeadOnly, cancellationToken).ConfigureAwait(false);
        _head ??= page.Head;
        return _head.Value;
    }

    /// <summary>Reads the events, up to the head that <see cref="HeadAsync"/> gives.</summary>
    /// <param name="cancellationToken">Ends the read at the next page.</param>
    public async IAsyncEnumerator<EventEnvelope> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        var next = _bounds is null
            ? _read
            : await _bounds.NarrowAsync(_log, _read, await HeadAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        var (left, generation) = (_maxCount, -1L);
        while (next is not null && left > 0)
        {
            using var page = await _log.ReadAsync(next with { MaxCount = PageSize(left) }, cancellationToken).ConfigureAwait(false);
            if (generation == -1) generation = page.Generation;
            else if (generation != page.Generation) throw LogPages.OfAnotherGeneration();
            var head = _head ??= page.Head;
            for (var i = 0; i < page.Events.Length && left > 0; i++)
            {
                if (page.Events[i].Position > head) continue;
                if (_filter?.Admits(page.Events[i]) == false) continue;
                var envelope = new EventEnvelope(page.Events[i], _decoder.Decode(page.Events[i]));
                if (_filter?.Where?.Invoke(envelope) == false) continue;
                left--;
                yield return envelope;
            }

            next = page.IsLast ? null : next with { From = page.Next };
        }
    }

    private static LogRead HeadOnly { get; } = new() { Direction = ReadDirection.Backward, MaxCount = 1, IncludeTags = false, ReuseBuffers = true };

    private int PageSize(long left) => _filter is null && left < _read.MaxCount ? (int)left : _read.MaxCount;
}
