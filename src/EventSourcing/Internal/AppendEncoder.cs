using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Turns an append of objects into one of bytes. All bytes lie in one buffer that is used again for the next append.</summary>
internal sealed class AppendEncoder(EventTypeMap types, IEventSerializer serializer)
{
    private readonly PooledBuffer _buffer = new();
    private readonly List<Encoded> _encoded = [];
    private readonly List<Tag> _tags = [];
    private LogEvent[] _events = new LogEvent[16];
    private StreamWrite[] _writes = new StreamWrite[1];

    private readonly record struct Encoded(
        EventType Type, int DataStart, int DataLength, int MetadataStart, int MetadataLength,
        EventData? Said, string? CorrelationId, string? CausationId, IReadOnlyList<Tag>? Tags);

    /// <summary>The append in bytes; valid until <see cref="Reset"/>.</summary>
    internal LogAppend Encode(Append append)
    {
        var common = Common(append);
        var metadataStart = _buffer.Length;
        common.Write(_buffer);
        var metadataLength = _buffer.Length - metadataStart;
        foreach (var (stream, _, events) in append.Writes)
            for (var i = 0; i < events.Count; i++)
                _encoded.Add(Encode(stream, events[i], common, metadataStart, metadataLength));
        return new()
        {
            Writes = Writes(append),
            Checks = append.Checks.Count == 0 ? default : append.Checks.ToArray(),
            Condition = append.Condition is { } c ? new(types.Resolve(c.FailIfEventsMatch), c.After) : null,
            CommandId = append.CommandId,
            Fingerprint = append.Fingerprint ?? (append.CommandId is null ? default : HashOfEvents(append)),
            Tracking = append.Tracking,
        };
    }

    internal void Reset()
    {
        _buffer.Reset();
        _encoded.Clear();
        Array.Clear(_events);
        Array.Clear(_writes);
    }

    // What is said wins over what is being handled, and that over the activity. An event that is being handled is the cause also
    // of a command: so the events that followed from an event lead back to it.
    private static EventMetadata Common(Append append)
    {
        var (handled, activity) = (Handling.Current, Activity.Current);
        return new()
        {
            Actor = append.Actor ?? handled?.Actor,
            Headers = WithTraceParent(append.Headers, activity),
            CausationId = append.CausationId ?? handled?.CausationId ?? append.CommandId,
            CorrelationId = append.CorrelationId ?? handled?.CorrelationId ?? (activity is { IdFormat: ActivityIdFormat.W3C } ? activity.TraceId.ToHexString() : null),
        };
    }

    // W3C Trace Context, section 3.2: for links from the one who handles the event. An activity that is not recorded leads nowhere.
    private static IReadOnlyDictionary<string, string> WithTraceParent(IReadOnlyDictionary<string, string> headers, Activity? activity) =>
        activity is { Recorded: true, IdFormat: ActivityIdFormat.W3C, Id: { } id } && !headers.ContainsKey(EventMetadata.TraceParentKey)
            ? new Dictionary<string, string>(headers) { [EventMetadata.TraceParentKey] = id }
            : headers;

    private Encoded Encode(StreamId stream, object e, EventMetadata common, int metadataStart, int metadataLength)
    {
        var said = e as EventData;
        var data = said?.Data ?? e;
        if (!types.TryGet(data.GetType(), out var type)) throw new UnknownEventTypeException(data.GetType().ToString(), stream);
        var start = _buffer.Length;
        try
        {
            serializer.Serialize(type, data, _buffer);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new EventSerializationException(type.Name, stream, GlobalPosition.Start, error);
        }

        var length = _buffer.Length - start;
        var metadata = common;
        if (said?.Metadata is { } own)
        {
            metadata = own.Or(common);
            metadataStart = _buffer.Length;
            metadata.Write(_buffer);
            metadataLength = _buffer.Length - metadataStart;
        }

        return new(type, start, length, metadataStart, metadataLength, said, metadata.CorrelationId, metadata.CausationId, Tags(type, said, start, length));
    }

    private Tag[]? Tags(EventType type, EventData? said, int start, int length)
    {
        if (type.TagRules.Count == 0 && said is not { Tags.Count: > 0 }) return null;
        _tags.Clear();
        if (type.TagRules.Count > 0 && serializer.IsJson) TagReader.Read(type.Name, type.TagRules, _buffer.Slice(start, length).Span, _tags);
        foreach (var tag in said?.Tags ?? [])
            if (!_tags.Contains(tag)) _tags.Add(tag);
        return _tags.Count == 0 ? null : _tags.ToArray();
    }

    private ReadOnlyMemory<StreamWrite> Writes(Append append)
    {
        if (_events.Length < _encoded.Count) _events = new LogEvent[Math.Max(_encoded.Count, _events.Length * 2)];
        if (_writes.Length < append.Writes.Count) _writes = new StreamWrite[append.Writes.Count];
        var encoded = CollectionsMarshal.AsSpan(_encoded);
        for (var i = 0; i < encoded.Length; i++) _events[i] = ToLogEvent(encoded[i]);
        var first = 0;
        for (var i = 0; i < append.Writes.Count; i++)
        {
            var (stream, expected, events) = append.Writes[i];
            _writes[i] = new(stream, expected, _events.AsMemory(first, events.Count));
            first += events.Count;
        }

        return _writes.AsMemory(0, append.Writes.Count);
    }

    private LogEvent ToLogEvent(in Encoded e) => new()
    {
        Type = e.Type.Name,
        Data = _buffer.Slice(e.DataStart, e.DataLength),
        IsJson = serializer.IsJson,
        Metadata = _buffer.Slice(e.MetadataStart, e.MetadataLength),
        Id = e.Said?.Id,
        OccurredAt = e.Said?.OccurredAt,
        CorrelationId = e.CorrelationId,
        CausationId = e.CausationId,
        Tags = e.Tags,
    };

    private byte[] HashOfEvents(Append append)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var next = 0;
        foreach (var (stream, _, events) in append.Writes)
            for (var i = 0; i < events.Count; i++, next++)
            {
                var e = _encoded[next];
                hash.AppendData(Encoding.UTF8.GetBytes($"{stream}\0{e.Type.Name}\0{e.DataLength}\0"));
                hash.AppendData(_buffer.Slice(e.DataStart, e.DataLength).Span);
            }

        return hash.GetHashAndReset()[..16];
    }
}
