using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Work of the library itself in the queue: inside the group's transaction, all or nothing.</summary>
internal sealed class TransactionItem<T>(Func<WriteTransaction, T> work) : WorkItem
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    internal override int Weight => 1;

    internal Task<T> Task => _source.Task;

    internal override bool IsVerdict(Exception error) => error is not SqliteException;

    protected override void RunCore(WriteTransaction transaction) => _result = work(transaction);

    protected override Exception Unknown(WriteTransaction transaction, Exception failure) =>
        new AppendOutcomeUnknownException([], GlobalPosition.FromInt64(transaction.Head), failure);

    protected override void SetError(Exception error)
    {
        if (error is OperationCanceledException cancelled) _source.TrySetCanceled(cancelled.CancellationToken);
        else _source.TrySetException(error);
    }

    protected override void Succeed() => _source.TrySetResult(_result);
}
