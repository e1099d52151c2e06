using System.Runtime.ExceptionServices;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>A write of several parts in the queue. It has its own savepoint, so that a refusal undoes only this write. With user code it has its own transaction.</summary>
internal sealed class WriteItem : WorkItem
{
    private readonly TaskCompletionSource<LogWritten> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LogWrite _write;
    private readonly Action<SqliteLogTransaction>? _work;
    private readonly LogLimits _limits;
    private readonly WorkGuard _guard;
    private readonly ExecutionContext? _caller;
    private readonly AppendResult[] _appended;
    private readonly bool[] _changed;
    private Exception? _errorOfWork;
    private int _judged;

    internal WriteItem(LogWrite write, Action<SqliteLogTransaction>? work, LogLimits limits, WorkGuard guard)
    {
        (_write, _work, _limits, _guard) = (write, work, limits, guard);
        if (work is not null) _caller = ExecutionContext.Capture();
        _appended = write.Appends.Count == 0 ? [] : new AppendResult[write.Appends.Count];
        _changed = write.Changes.Count == 0 ? [] : new bool[write.Changes.Count];
        (Weight, Bytes) = SizeOf(write);
    }

    internal override int Weight { get; }

    internal override long Bytes { get; }

    internal override bool RunsAlone => _work is not null;

    internal override bool RunsUserCode => _work is not null;

    internal Task<LogWritten> Task => _source.Task;

    // Exceptions of the work belong to the caller, including errors of the user's statements and of other databases. Errors of the log's statements belong to the log.
    internal override bool IsVerdict(Exception error) => error is EventSourcingException or RefusedException || error == _errorOfWork;

    protected override void RunCore(WriteTransaction transaction)
    {
        (_errorOfWork, _judged) = (null, 0);
        transaction.Isolated(() => Apply(transaction));
    }

    protected override Exception Unknown(WriteTransaction transaction, Exception failure)
    {
        var (ids, first) = (new List<Guid>(), default(GlobalPosition?));
        for (var i = 0; i < _judged; i++)
        {
            var unknown = transaction.Unknown(_write.Appends[i], _appended[i], failure);
            if (unknown.EventIds.Count == 0) continue;
            ids.AddRange(unknown.EventIds);
            first ??= unknown.FirstPosition;
        }

        return new AppendOutcomeUnknownException(ids, first ?? GlobalPosition.FromInt64(transaction.Head), failure);
    }

    protected override void SetError(Exception error)
    {
        if (error is RefusedException refused) _source.TrySetResult(LogWritten.Refused(refused.Refusal));
        else if (error is OperationCanceledException cancelled && error != _errorOfWork) _source.TrySetCanceled(cancelled.CancellationToken);
        else _source.TrySetException(error);
    }

    protected override void Succeed() => _source.TrySetResult(LogWritten.Stored(_appended, _changed));

    private static (int Weight, long Bytes) SizeOf(LogWrite write)
    {
        var (weight, bytes) = (write.Changes.Count, 0L);
        for (var i = 0; i < write.Appends.Count; i++)
        {
            weight += write.Appends[i].Count;
            bytes += AppendItem.BytesOf(write.Appends[i]);
        }

        for (var i = 0; i < write.Changes.Count; i++) bytes += write.Changes[i].Value.Length;
        return (weight, bytes);
    }

    private bool Apply(WriteTransaction transaction)
    {
        for (var i = 0; i < _write.Requirements.Count; i++)
            if (!transaction.Records.Meets(_write.Requirements[i])) throw new RefusedException(LogRefusal.OfRequirement(i));
        for (; _judged < _appended.Length; _judged++) _appended[_judged] = Append(transaction, _judged);
        if (_work is not null) Work(transaction, _work);
        for (var i = 0; i < _changed.Length; i++)
        {
            var change = _write.Changes[i];
            _changed[i] = transaction.Records.TryChange(change);
            // A removal without a revision is not refused: there may be no record.
            if (!_changed[i] && !change.IsSkippable && change.IfRevision is not null) throw new RefusedException(LogRefusal.OfChange(i));
        }

        return true;
    }

    private AppendResult Append(WriteTransaction transaction, int index)
    {
        try
        {
            return transaction.Append(_write.Appends[index]);
        }
        catch (EventSourcingException e) when (LogRefusal.IsRefusal(e) && !transaction.IsHalfWritten)
        {
            throw new RefusedException(LogRefusal.OfAppend(index, e));
        }
    }

    private void Work(WriteTransaction transaction, Action<SqliteLogTransaction> work)
    {
        SqliteLogTransaction? given = null;
        try
        {
            transaction.UserWork.Run(connection =>
            {
                given = new(connection, transaction, _limits);
                _guard.Run(_caller, () =>
                {
                    work(given);
                    return true;
                });
                given.ThrowIfLost();
            });
        }
        catch (Exception e)
        {
            if (given?.Failure is { } failure) ExceptionDispatchInfo.Throw(failure);
            _errorOfWork = e;
            throw;
        }
        finally
        {
            given?.End();
        }
    }

    /// <summary>Takes the write back to its savepoint. What it carries is the call's result, not its error.</summary>
    private sealed class RefusedException(LogRefusal refusal) : Exception
    {
        internal LogRefusal Refusal { get; } = refusal;
    }
}
