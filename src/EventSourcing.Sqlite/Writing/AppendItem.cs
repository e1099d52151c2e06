using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Writing;

/// <summary>An append in the queue. Used again once its caller has the answer.</summary>
internal sealed class AppendItem : WorkItem, IValueTaskSource<AppendResult>
{
    private const int KeptAtMost = 1024;

    private static readonly ConcurrentQueue<AppendItem> s_kept = [];

    private readonly Answer<AppendResult> _answer = new();
    private Writer _writer = null!;
    private LogAppend _append = null!;
    private AppendResult _result;

    internal override int Weight => _append.Count;

    internal override long Bytes => BytesOf(_append);

    internal override bool RunsUserCode => false;

    internal ValueTask<AppendResult> Task => new(this, _answer.Version);

    internal static AppendItem Rent(LogAppend append, Writer writer)
    {
        if (!s_kept.TryDequeue(out var item)) item = new();
        (item._append, item._writer) = (append, writer);
        return item;
    }

    internal static long BytesOf(LogAppend append)
    {
        var bytes = 0L;
        foreach (ref readonly var write in append.Writes.Span)
            foreach (ref readonly var e in write.Events.Span)
                bytes += e.Data.Length + e.Metadata.Length;
        return bytes;
    }

    internal override bool IsVerdict(Exception error) => error is EventSourcingException;

    AppendResult IValueTaskSource<AppendResult>.GetResult(short token)
    {
        if (_answer.GetStatus(token) == ValueTaskSourceStatus.Pending && _writer.Work.IsInside)
            throw new InvalidOperationException("An append was waited for inside a transaction of its own log, which would wait for itself: append through the transaction.");
        var isFree = false;
        // An item that was not stored may still stand in the queue: it is left to the collector.
        var result = _answer.Take(token, ref isFree);
        if (isFree && s_kept.Count < KeptAtMost && _answer.TryRenew())
        {
            (_append, _writer) = (null!, null!);
            Renew();
            s_kept.Enqueue(this);
        }

        return result;
    }

    ValueTaskSourceStatus IValueTaskSource<AppendResult>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<AppendResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _answer.OnGiven(continuation, state, token, flags);

    protected override void RunCore(WriteTransaction transaction) => _result = transaction.Append(_append);

    protected override Exception Unknown(WriteTransaction transaction, Exception failure) => transaction.Unknown(_append, _result, failure);

    protected override void SetError(Exception error) => _answer.Fail(error);

    protected override void Succeed() => _answer.Give(_result);
}
