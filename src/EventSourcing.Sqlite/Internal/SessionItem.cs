using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Work of this package's own in the queue: on the session, isolated, all or nothing.</summary>
internal sealed class SessionItem<T>(Func<WriteSession, T> work) : WorkItem
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    internal override int Weight => 1;

    internal Task<T> Task => _source.Task;

    internal override void Fail(Exception error)
    {
        if (error is OperationCanceledException cancelled) _source.TrySetCanceled(cancelled.CancellationToken);
        else _source.TrySetException(error);
    }

    internal override void FailUnknown(WriteSession session, Exception failure) =>
        Fail(new AppendOutcomeUnknownException([], GlobalPosition.FromInt64(session.Head), failure));

    internal override bool IsVerdict(Exception error) => error is not SqliteException;

    protected override void RunCore(WriteSession session) => _result = work(session);

    protected override void Succeed() => _source.TrySetResult(_result);
}
