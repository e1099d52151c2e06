using System.Text;
using EventSourcing.Serialization;

namespace EventSourcing.Storage;

/// <summary>One append in bytes: stored completely or not at all. Every part is optional, but one must be present.</summary>
public sealed class LogAppend
{
    /// <summary>Events by stream, in order.</summary>
    public ReadOnlyMemory<StreamWrite> Writes { get; init; }

    /// <summary>Expected versions of streams to which nothing is written.</summary>
    public ReadOnlyMemory<StreamCheck> Checks { get; init; }

    /// <summary>Events that must not exist, or null.</summary>
    public AppendCondition? Condition { get; init; }

    /// <summary>The command's id: 1 to 512 bytes of UTF-8 without control characters; null for none.</summary>
    public string? CommandId { get; init; }

    /// <summary>A hash of the command's content, at most 64 bytes; empty to compare only the id.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; init; }

    /// <summary>The position up to which the append's source was read, or null.</summary>
    public Tracking? Tracking { get; init; }

    /// <summary>The number of events in all writes.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (ref readonly var write in Writes.Span) count += write.Events.Length;
            return count;
        }
    }

    /// <summary>Validates the append before any I/O. Every log calls it first.</summary>
    /// <param name="limits">The log's limits.</param>
    /// <exception cref="ArgumentException">The append holds nothing that could be stored, or a name or position is not valid.</exception>
    /// <exception cref="EventTooLargeException">An event or the append is over the limits.</exception>
    /// <exception cref="DuplicateEventException">The append has an event id twice.</exception>
    /// <exception cref="InvalidEventException">An event names a tag twice.</exception>
    public void Validate(LogLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        var total = 0L;
        var count = 0;
        var ids = 0;
        foreach (ref readonly var write in Writes.Span)
        {
            if (write.StreamId.IsDefault) throw new ArgumentException("A write has default(StreamId), which is not a stream. Name its stream.", nameof(Writes));
            foreach (ref readonly var e in write.Events.Span)
            {
                var size = Validate(e, write.StreamId);
                if (size > limits.MaxEventBytes)
                    throw new EventTooLargeException($"Event '{e.Type}' for stream '{write.StreamId}'", size, limits.MaxEventBytes);
                if (e.Tags is { Count: > 1 } tags && DistinctTags.FirstRepeated(tags) is { } repeated)
                    throw new InvalidEventException(e.Type, [$"tag '{repeated}' occurs twice (stream '{write.StreamId}')"]);
                total += size;
                count++;
                if (e.Id is not null) ids++;
            }
        }

        if (total > limits.MaxAppendBytes) throw new EventTooLargeException($"An append of {count} events", total, limits.MaxAppendBytes);
        if (ids > 1) RefuseRepeatedIds(ids);
        ValidateParts(count);
    }

    private static long Validate(in LogEvent e, StreamId stream)
    {
        if (e.Type is null) throw new ArgumentException($"An event for stream '{stream}' has no type. Set LogEvent.Type.", nameof(Writes));
        Name.ThrowIfInvalid(e.Type, "event type name", nameof(Writes));
        if (e.ContentType is not null) Name.ThrowIfInvalid(e.ContentType, "content type", nameof(Writes));
        if (e.SchemaVersion < 0) throw new ArgumentOutOfRangeException(nameof(Writes), e.SchemaVersion, $"The schema number of event '{e.Type}' for stream '{stream}' is {e.SchemaVersion}. It must be 1 or more, or 0 for 1.");
        if (e.Id == Guid.Empty) throw new ArgumentException($"Event '{e.Type}' for stream '{stream}' has an empty id. Set an id, or null to let the log create one.", nameof(Writes));
        if (e.CorrelationId is not null) Name.ThrowIfInvalid(e.CorrelationId, "correlation id", nameof(Writes));
        if (e.CausationId is not null) Name.ThrowIfInvalid(e.CausationId, "causation id", nameof(Writes));
        var size = (long)e.Data.Length + e.Metadata.Length;
        if (e.Tags is not { Count: > 0 } tags) return size;
        for (var i = 0; i < tags.Count; i++)
        {
            if (tags[i] == default) throw new ArgumentException($"Event '{e.Type}' for stream '{stream}' has default(Tag), which is not a tag. Remove it.", nameof(Writes));
            size += Encoding.UTF8.GetByteCount(tags[i].ToString());
        }

        return size;
    }

    private void RefuseRepeatedIds(int ids)
    {
        var seen = new HashSet<Guid>(ids);
        foreach (ref readonly var write in Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
                if (e.Id is { } id && !seen.Add(id))
                    throw new DuplicateEventException(id, GlobalPosition.Start, "the append contains this id twice.");
    }

    private void ValidateParts(int count)
    {
        foreach (ref readonly var check in Checks.Span)
            if (check.StreamId.IsDefault)
                throw new ArgumentException("A check has default(StreamId), which is not a stream. Name its stream.", nameof(Checks));
        if (CommandId is not null) Name.ThrowIfInvalid(CommandId, "command id", nameof(CommandId));
        else if (!Fingerprint.IsEmpty) throw new ArgumentException("The append has a fingerprint but no command id. Set CommandId, or omit the fingerprint.", nameof(Fingerprint));
        if (Fingerprint.Length > 64) throw new ArgumentException($"The fingerprint has {Fingerprint.Length} bytes; the maximum is 64.", nameof(Fingerprint));
        if (Tracking is { } tracking)
        {
            Name.ThrowIfInvalid(tracking.Source ?? "", "source name", nameof(Tracking));
            if (tracking.Position < 1)
                throw new ArgumentOutOfRangeException(nameof(Tracking), tracking.Position, $"The tracking position must be 1 or more (source '{tracking.Source}').");
            if (tracking.Token != default && tracking.Token.Position.ToInt64() != tracking.Position)
                throw new ArgumentException($"The tracking token's position is {tracking.Token.Position}, not {tracking.Position} (source '{tracking.Source}').", nameof(Tracking));
        }

        if (count == 0 && CommandId is null && Tracking is null)
            throw new ArgumentException("The append is empty: it has no event, no command id and no tracking entry. Add one of them.", nameof(Writes));
    }
}
