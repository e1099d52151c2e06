using System.Text.Json;
using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>An <see cref="EventFilter"/> with the stored names of one type map: the form that reads, subscriptions and live subscriptions evaluate.</summary>
internal sealed class BoundFilter
{
    private readonly EventCodec _codec;
    private readonly LogQuery[] _queries;
    private readonly string[] _correlationIds;
    private readonly KeyValuePair<string, string>[] _headers;

    internal BoundFilter(EventCodec codec, LogQuery[] queries, string[] correlationIds, KeyValuePair<string, string>[] headers, Func<EventEnvelope, bool>[] predicates)
    {
        (_codec, _queries, _correlationIds, _headers) = (codec, queries, correlationIds, headers);
        Predicate = predicates switch
        {
            [] => null,
            [var one] => one,
            _ => envelope => Array.TrueForAll(predicates, predicate => predicate(envelope)),
        };
    }

    /// <summary>The query that the log evaluates; null for every event.</summary>
    internal LogQuery? Query => _queries.Length == 0 ? null : _queries[0];

    /// <summary>The predicate on decoded events; null when there is none.</summary>
    internal Func<EventEnvelope, bool>? Predicate { get; }

    /// <summary>True when the log's query alone does not decide.</summary>
    internal bool GoesBeyondQuery => HasUndecoded || Predicate is not null;

    private bool HasUndecoded => _queries.Length > 1 || _correlationIds.Length > 0 || _headers.Length > 0;

    /// <summary>True when an event that the log found by <see cref="Query"/> passes all parts except the predicate. Decodes nothing and runs no user code.</summary>
    /// <exception cref="EventSerializationException">A header is asked for, and the metadata is not a JSON object.</exception>
    internal bool AdmitsUndecoded(in RecordedEvent e) => !HasUndecoded || (MatchesOthers(e) && HasCorrelation(e) && HasHeaders(e));

    /// <summary>True when an event that the log found by <see cref="Query"/> passes the filter. An event that decodes to several passes when one of them does.</summary>
    /// <exception cref="EventSerializationException">The event cannot be read.</exception>
    internal bool Admits(in RecordedEvent e) => AdmitsUndecoded(e) && (Predicate is null || _codec.Read(e).Any(Predicate));

    /// <summary>True when any event of the log may pass: false when <see cref="Query"/> or <see cref="AdmitsUndecoded"/> excludes it. Does not throw.</summary>
    internal bool MayAdmit(in RecordedEvent e)
    {
        if (Query is { } query && !Matches(query, e)) return false;
        try
        {
            return AdmitsUndecoded(e);
        }
        catch (EventSerializationException)
        {
            return true;
        }
    }

    private static bool Matches(LogQuery query, in RecordedEvent e) => query.Matches(e.Type, e.StreamId, e.Tags ?? []);

    private bool MatchesOthers(in RecordedEvent e)
    {
        for (var i = 1; i < _queries.Length; i++)
            if (!Matches(_queries[i], e)) return false;
        return true;
    }

    private bool HasCorrelation(in RecordedEvent e)
    {
        foreach (var id in _correlationIds)
            if (e.CorrelationId != id) return false;
        return true;
    }

    private bool HasHeaders(in RecordedEvent e)
    {
        if (_headers.Length == 0) return true;
        if (e.Metadata.IsEmpty) return false;
        try
        {
            return HasHeaders(e.Metadata.Span);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new EventSerializationException(e.Type, e.StreamId, e.Position, error);
        }
    }

    /// <summary>Compares on the bytes, without an allocation. When a property occurs twice, the last one counts, as for <see cref="EventMetadata"/>.</summary>
    private bool HasHeaders(ReadOnlySpan<byte> metadata)
    {
        Span<bool> isEqual = _headers.Length <= 32 ? stackalloc bool[_headers.Length] : new bool[_headers.Length];
        isEqual.Clear();
        Span<bool> isNamed = _headers.Length <= 32 ? stackalloc bool[_headers.Length] : new bool[_headers.Length];
        var reader = new Utf8JsonReader(metadata);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("metadata is a JSON object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            for (var i = 0; i < _headers.Length; i++) isNamed[i] = reader.ValueTextEquals(_headers[i].Key);
            reader.Read();
            var value = reader;
            reader.Skip();
            for (var i = 0; i < _headers.Length; i++)
                if (isNamed[i]) isEqual[i] = IsEqual(value, metadata[(int)value.TokenStartIndex..(int)reader.BytesConsumed], _headers[i].Value);
        }

        // The reader reports content after the object as an error.
        reader.Read();
        return !isEqual.Contains(false);
    }

    private static bool IsEqual(in Utf8JsonReader value, ReadOnlySpan<byte> json, string expected) =>
        value.TokenType == JsonTokenType.String ? value.ValueTextEquals(expected) : System.Text.Encoding.UTF8.GetString(json) == expected;
}
