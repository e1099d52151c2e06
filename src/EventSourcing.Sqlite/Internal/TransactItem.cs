using System.Runtime.ExceptionServices;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Work on records and appends in the queue, with the connection too where it is <paramref name="isNative"/>. It runs in the flow of its caller.</summary>
internal sealed class TransactItem<T>(Func<ILogTransaction, T> work, bool isNative, LogLimits limits, WorkGuard guard) : WorkItem
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ExecutionContext? _caller = ExecutionContext.Capture();
    private SqliteException? _failure;
    private T _result = default!;

    internal override int Weight => 1;

    internal override bool RunsAlone => isNative;

    internal Task<T> Task => _source.Task;

    // Whatever the work throws is its own, errors of the user's statements and of other databases included; those of the log's statements are the log's.
    internal override bool IsVerdict(Exception error) => error != _failure;

    protected override void RunCore(WriteSession session)
    {
        _failure = null;
        var transaction = new LogTransaction(session, limits);
        try
        {
            _result = isNative
                ? session.RunUserCode(connection => Work(transaction, new SqliteLogTransaction(connection, transaction)))
                : session.Isolated(() => Work(transaction, transaction));
        }
        catch when (transaction.Failure is { } failure)
        {
            _failure = failure;
            ExceptionDispatchInfo.Throw(failure);
        }
        finally
        {
            transaction.End();
        }
    }

    protected override Exception Unknown(WriteSession session, Exception failure) =>
        new AppendOutcomeUnknownException([], GlobalPosition.FromInt64(session.Head), failure);

    protected override void SetError(Exception error)
    {
        if (error is OperationCanceledException cancelled) _source.TrySetCanceled(cancelled.CancellationToken);
        else _source.TrySetException(error);
    }

    protected override void Succeed() => _source.TrySetResult(_result);

    private T Work(LogTransaction transaction, ILogTransaction handed)
    {
        var result = guard.Run(_caller, () => work(handed));
        transaction.ThrowIfLost();
        return result;
    }
}
