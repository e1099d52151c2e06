using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using EventSourcing.Serialization;
using EventSourcing.Storage;

namespace EventSourcing.Internal;

/// <summary>Encodes an append of objects as an append of bytes. All bytes are in one buffer, which the next append reuses.</summary>
internal sealed class AppendEncoder(EventTypeMap types)
{
    private readonly PooledBuffer _buffer = new();
    private readonly List<Tag> _tags = [];
    private LogEvent[] _events = new LogEvent[1];
    private StreamWrite[] _writes = new StreamWrite[1];
    private int _eventCount;
    private LogAppend? _plain;

    /// <summary>The append in bytes; valid until <see cref="Reset"/>.</summary>
    internal LogAppend Encode(Append append)
    {
        if (types.HasConstraints) ConstraintCheck.Run(append, types);
        var common = Common(append);
        var metadata = Written(common);
        foreach (ref readonly var write in append.Writes)
        {
            Reserve(write.Events.Length);
            foreach (var e in write.Events) Encode(write.Stream, e, common, metadata, out _events[_eventCount++]);
        }

        if (append.Encoded is { } encoded) Describe(append, encoded);
        var writes = Writes(append);
        // Most appends have one write and nothing else. The object of the previous append is used again for them.
        if (append is { Writes.Length: 1, Checks.Length: 0, FailIfQuery: null, CommandId: null, Fingerprint: null, Tracking: null })
            return _plain ??= new() { Writes = writes };
        return new()
        {
            Writes = writes,
            Checks = append.Checks.ToArray(),
            Condition = append.FailIfQuery is { } query ? new(query.Resolve(types), append.FailIfAfter) : null,
            CommandId = append.CommandId,
            Fingerprint = append.Fingerprint ?? (append.CommandId is null ? default : HashOfEvents(append)),
            Tracking = append.Tracking,
        };
    }

    /// <summary>The size of its buffers in bytes, without the strings and tags of the append.</summary>
    internal long Size => _buffer.Capacity + SizeOf(_events) + SizeOf(_writes);

    internal void Reset()
    {
        _buffer.Reset();
        _events.AsSpan(0, _eventCount).Clear();
        _eventCount = 0;
        Array.Clear(_writes);
        if (SizeOf(_events) > PooledBuffer.MaxKept) _events = new LogEvent[1];
        if (SizeOf(_writes) > PooledBuffer.MaxKept) (_writes, _plain) = (new StreamWrite[1], null);
    }

    private static long SizeOf<T>(T[] array) => (long)array.Length * Unsafe.SizeOf<T>();

    // Metadata of the append has priority, then the event or command that is being handled, then the activity. The event that is being handled
    // is also the cause of a command's events, so that the causation leads back to the event.
    private static EventMetadata Common(Append append)
    {
        var (handled, activity) = (EventContext.Current, Activity.Current);
        if (handled is null && activity is null && append is { Metadata: null, CommandId: null })
            return EventMetadata.None;
        var given = append.Metadata ?? EventMetadata.None;
        return new()
        {
            Actor = given.Actor ?? Inherited(handled?.Actor),
            Headers = WithTraceParent(given.Headers, activity),
            CausationId = given.CausationId ?? handled?.CausationId ?? append.CommandId,
            CorrelationId = given.CorrelationId ?? handled?.CorrelationId ?? (activity is { IdFormat: ActivityIdFormat.W3C } ? activity.TraceId.ToHexString() : null),
        };
    }

    // An event inserted with SQL may have an empty actor, which counts as none.
    private static string? Inherited(string? actor) => actor is "" ? null : actor;

    // W3C Trace Context, section 3.2: for links from the handler's activity to this one. A link to an activity that is not recorded has no target.
    private static IReadOnlyDictionary<string, string> WithTraceParent(IReadOnlyDictionary<string, string> headers, Activity? activity) =>
        activity is { Recorded: true, IdFormat: ActivityIdFormat.W3C, Id: { } id } && !headers.ContainsKey(EventMetadata.TraceParentKey)
            ? new Dictionary<string, string>(headers) { [EventMetadata.TraceParentKey] = id }
            : headers;

    private void Encode(StreamId stream, object e, EventMetadata common, ReadOnlyMemory<byte> metadata, out LogEvent encoded)
    {
        var given = e as EventData;
        var data = given?.Data ?? e;
        if (!types.TryGet(data.GetType(), out var type)) throw Unknown(data, stream);
        if (type.IsReadOnly) throw ReadOnly(type, stream);
        var start = _buffer.Length;
        try
        {
            type.Forms.Writer.Serialize(type, data, _buffer);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new EventSerializationException(type.Name, stream, GlobalPosition.Start, error);
        }

        var bytes = _buffer.SliceFrom(start);
        if (given?.Metadata is { } own)
        {
            common = own.Or(common);
            metadata = Written(common);
        }

        encoded = new()
        {
            Type = type.Name,
            Data = bytes,
            IsJson = type.Forms.IsJson,
            ContentType = type.Forms.ContentType,
            SchemaVersion = type.SchemaVersion,
            Metadata = metadata,
            Id = given?.Id,
            OccurredAt = given?.OccurredAt,
            CorrelationId = common.CorrelationId,
            CausationId = common.CausationId,
            Tags = Tags(type, given, bytes.Span),
        };
    }

    private EventSourcingException Unknown(object data, StreamId stream)
    {
        if (EventData.WhyNotOneEvent(data) is { } reason) return new InvalidEventException($"{data.GetType()}", [reason]);
        return types.Upcasts.EntryOfOlder(data.GetType()) is { } newer
            ? new ReadOnlyEventTypeException(newer.Name, data.GetType(), stream, $"it is the shape of an older schema number, from which '{newer.Name}' is upcast. Append {ContractCheck.NameOf(newer.ClrType)}")
            : new UnknownEventTypeException(data.GetType(), stream);
    }

    private static ReadOnlyEventTypeException ReadOnly(EventType type, StreamId stream) => new(type.Name, type.ClrType, stream, type.UpcastTo is { } whole
        ? $"stored events of the type read as {(whole.Into.Count == 0 ? "no event" : string.Join(", ", whole.Into.Select(ContractCheck.NameOf)))}, and none are written. Append an event of a type that is written"
        : "the entry is read-only: every process must be able to read the type before one writes it. Then remove e.ReadOnly()");

    private ReadOnlyMemory<byte> Written(EventMetadata metadata)
    {
        var start = _buffer.Length;
        metadata.Write(_buffer);
        return _buffer.SliceFrom(start);
    }

    private Tag[]? Tags(EventType type, EventData? given, ReadOnlySpan<byte> data)
    {
        if (type.TagRules.Count == 0 && given is not { Tags.Count: > 0 }) return null;
        _tags.Clear();
        if (type.TagRules.Count > 0 && type.Forms.IsJson) TagReader.Read(type.Name, type.TagRules, data, _tags);
        var distinct = new DistinctTags();
        foreach (var tag in given?.Tags ?? []) distinct.TryAdd(_tags, tag);
        return _tags.Count == 0 ? null : _tags.ToArray();
    }

    private void Describe(Append append, List<EncodedEvent> encoded)
    {
        // An append may be encoded again, after an error of the log.
        encoded.Clear();
        foreach (ref readonly var write in append.Writes)
            foreach (var e in write.Events)
            {
                ref readonly var bytes = ref _events[encoded.Count];
                encoded.Add(new(write.Stream, bytes.Type, bytes.Tags ?? [], (e as EventData)?.Data ?? e));
            }
    }

    private void Reserve(int more)
    {
        if (_eventCount + more > _events.Length) Array.Resize(ref _events, Math.Max(_eventCount + more, _events.Length * 2));
    }

    private ReadOnlyMemory<StreamWrite> Writes(Append append)
    {
        var writes = append.Writes;
        if (_writes.Length < writes.Length) (_writes, _plain) = (new StreamWrite[writes.Length], null);
        var first = 0;
        for (var i = 0; i < writes.Length; i++)
        {
            var count = writes[i].Events.Length;
            _writes[i] = new(writes[i].Stream, writes[i].Expected, _events.AsMemory(first, count));
            first += count;
        }

        return _writes.AsMemory(0, writes.Length);
    }

    private byte[] HashOfEvents(Append append)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var next = 0;
        foreach (ref readonly var write in append.Writes)
            for (var i = 0; i < write.Events.Length; i++)
            {
                ref readonly var e = ref _events[next++];
                hash.AppendData(Encoding.UTF8.GetBytes($"{write.Stream}\0{e.Type}\0{e.Data.Length}\0"));
                hash.AppendData(e.Data.Span);
            }

        return hash.GetHashAndReset()[..16];
    }
}
