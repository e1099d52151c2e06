using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Work of this package's own in the queue: on the session, isolated, all or nothing.</summary>
internal sealed class SessionItem<T>(Func<WriteSession, T> work) : WorkItem
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    internal override int Weight => 1;

    internal Task<T> Task => _source.Task;

    internal override bool IsVerdict(Exception error) => error is not SqliteException;

    protected override void RunCore(WriteSession session) => _result = work(session);

    protected override Exception Unknown(WriteSession session, Exception failure) =>
        new AppendOutcomeUnknownException([], GlobalPosition.FromInt64(session.Head), failure);

    protected override void SetError(Exception error)
    {
        if (error is OperationCanceledException cancelled) _source.TrySetCanceled(cancelled.CancellationToken);
        else _source.TrySetException(error);
    }

    protected override void Succeed() => _source.TrySetResult(_result);
}
