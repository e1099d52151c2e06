using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Applies a write of several parts under the log's lock. When it is refused or throws, its caller rolls back the changes.</summary>
internal sealed class WriteTransaction(Writer writer, LogWrite write)
{
    private readonly AppendResult[] _appended = write.Appends.Count == 0 ? [] : new AppendResult[write.Appends.Count];
    private readonly bool[] _changed = write.Changes.Count == 0 ? [] : new bool[write.Changes.Count];

    /// <param name="work">The user's work, or null.</param>
    internal LogWritten Run(Action? work)
    {
        if ((FindUnmet() ?? Append()) is { } refusal) return LogWritten.Refused(refusal);
        work?.Invoke();
        return Change() is { } refused ? LogWritten.Refused(refused) : LogWritten.Stored(_appended, _changed);
    }

    private LogRefusal? FindUnmet()
    {
        for (var i = 0; i < write.Requirements.Count; i++)
        {
            var requirement = write.Requirements[i];
            var record = writer.Records.Find(requirement.Kind, requirement.Key);
            if (!requirement.IsMetBy(record?.Revision ?? 0, record is null ? default : record.Value.Span)) return LogRefusal.OfRequirement(i);
        }

        return null;
    }

    private LogRefusal? Append()
    {
        for (var i = 0; i < _appended.Length; i++)
        {
            try
            {
                writer.Append(write.Appends[i], out _appended[i]);
            }
            catch (EventSourcingException e) when (LogRefusal.IsRefusal(e))
            {
                return LogRefusal.OfAppend(i, e);
            }
        }

        return null;
    }

    private LogRefusal? Change()
    {
        for (var i = 0; i < _changed.Length; i++)
        {
            var change = write.Changes[i];
            _changed[i] = change.IsRemoval
                ? writer.Records.TryRemove(change.Kind, change.Key, change.IfRevision)
                : writer.Records.TryPut(change.Kind, change.Key, change.Value.Span, change.IfRevision);
            // A removal without a revision succeeds also when there is no record.
            if (!_changed[i] && !change.IsSkippable && change.IfRevision is not null) return LogRefusal.OfChange(i);
        }

        return null;
    }
}
