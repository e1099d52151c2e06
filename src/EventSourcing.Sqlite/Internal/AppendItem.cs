using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Internal;

/// <summary>An append in the queue. Used again once its caller has the answer.</summary>
internal sealed class AppendItem : WorkItem, IValueTaskSource<AppendResult>
{
    private const int KeptAtMost = 1024;

    private static readonly ConcurrentQueue<AppendItem> s_kept = [];

    private ManualResetValueTaskSourceCore<AppendResult> _source = new() { RunContinuationsAsynchronously = true };
    private LogAppend _append = null!;
    private AppendResult _result;

    internal override int Weight => _append.Count;

    internal override long Bytes
    {
        get
        {
            var bytes = 0L;
            foreach (ref readonly var write in _append.Writes.Span)
                foreach (ref readonly var e in write.Events.Span)
                    bytes += e.Data.Length + e.Metadata.Length;
            return bytes;
        }
    }

    internal ValueTask<AppendResult> Task => new(this, _source.Version);

    internal static AppendItem Rent(LogAppend append)
    {
        if (!s_kept.TryDequeue(out var item)) item = new();
        item._append = append;
        return item;
    }

    internal override bool IsVerdict(Exception error) => error is EventSourcingException;

    AppendResult IValueTaskSource<AppendResult>.GetResult(short token)
    {
        var answered = false;
        try
        {
            var result = _source.GetResult(token);
            answered = true;
            return result;
        }
        finally
        {
            // An item whose caller gave up may still stand in the queue: it is left to the collector.
            if (answered && s_kept.Count < KeptAtMost)
            {
                _source.Reset();
                _append = null!;
                Renew();
                s_kept.Enqueue(this);
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<AppendResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<AppendResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    protected override void RunCore(WriteSession session) => _result = session.Append(_append);

    protected override Exception Unknown(WriteSession session, Exception failure) => session.Unknown(_append, _result, failure);

    protected override void SetError(Exception error) => _source.SetException(error);

    protected override void Succeed() => _source.SetResult(_result);
}
