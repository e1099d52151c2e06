using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Work on records and appends in the queue.</summary>
internal sealed class TransactItem<T>(Func<ILogTransaction, T> work, LogLimits limits) : WorkItem
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    internal override int Weight => 1;

    internal Task<T> Task => _source.Task;

    protected override bool IsVerdict(Exception error) => error is not SqliteException;

    protected override void RunCore(WriteSession session)
    {
        var transaction = new LogTransaction(session, limits);
        try
        {
            _result = session.Isolated(() => Work(session, transaction));
        }
        finally
        {
            transaction.End();
        }
    }

    private T Work(WriteSession session, LogTransaction transaction)
    {
        var result = work(transaction);
        return session.IsHalfWritten
            ? throw new InvalidOperationException("An append of the work failed while it was written, and the work went on: nothing of it is kept.")
            : result;
    }

    protected override Exception Unknown(WriteSession session, Exception failure) =>
        new AppendOutcomeUnknownException([], GlobalPosition.FromInt64(session.Head), failure);

    protected override void SetError(Exception error)
    {
        if (error is OperationCanceledException cancelled) _source.TrySetCanceled(cancelled.CancellationToken);
        else _source.TrySetException(error);
    }

    protected override void Succeed() => _source.TrySetResult(_result);
}
