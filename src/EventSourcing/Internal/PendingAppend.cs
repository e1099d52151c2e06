using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace EventSourcing.Internal;

/// <summary>An append that the log has not answered. Passes the answer to the caller and returns the encoder to its pool. Used again after its caller has the answer.</summary>
/// <remarks>
/// The first request for the result takes the log's answer. A caller that awaits gets it on the thread on which the log completes; a caller that blocks waits for the log itself
/// and needs no pool thread. An append whose result is never requested is garbage-collected, with its encoder.
/// </remarks>
internal sealed class PendingAppend : IValueTaskSource<AppendResult>
{
    private const int MaxKept = 1024;

    // One pool for the process: a pooled object refers to no log and no store, and a pool for each store would take more memory.
    private static readonly ConcurrentQueue<PendingAppend> s_kept = [];

    private readonly Answer<AppendResult> _answer = new();
    private EventCodec _codec = null!;
    private AppendEncoder _encoder = null!;
    private ValueTask<AppendResult> _pending;
    private ValueTask _continuing;
    private bool _isAsked;

    internal ValueTask<AppendResult> Task => new(this, _answer.Version);

    internal static PendingAppend Rent(EventCodec codec, ValueTask<AppendResult> pending, AppendEncoder encoder)
    {
        if (!s_kept.TryDequeue(out var append)) append = new();
        lock (append._answer.Gate)
        {
            // The state machine of the previous wait returns to its pool; it ends shortly after it has answered.
#pragma warning disable RS0030 // It has completed.
            if (append._continuing.IsCompleted) append._continuing.GetAwaiter().GetResult();
#pragma warning restore RS0030
            (append._codec, append._pending, append._encoder, append._continuing, append._isAsked) = (codec, pending, encoder, default, false);
        }

        return append;
    }

    public ValueTaskSourceStatus GetStatus(short token)
    {
        lock (_answer.Gate)
        {
            var status = _answer.GetStatus(token);
            if (_isAsked || status != ValueTaskSourceStatus.Pending || !_pending.IsCompleted) return status;
            return _pending.IsCompletedSuccessfully ? ValueTaskSourceStatus.Succeeded
                : _pending.IsCanceled ? ValueTaskSourceStatus.Canceled
                : ValueTaskSourceStatus.Faulted;
        }
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        var pending = default(ValueTask<AppendResult>);
        bool asks;
        lock (_answer.Gate)
        {
            _answer.OnGiven(continuation, state, token, flags);
            asks = TryAsk(token, ref pending);
        }

        if (asks) ContinueWith(pending);
    }

    public AppendResult GetResult(short token)
    {
        var pending = default(ValueTask<AppendResult>);
        bool asks;
        lock (_answer.Gate)
        {
            _answer.ThrowIfStale(token);
            asks = TryAsk(token, ref pending);
        }

        if (asks) WaitFor(pending);
        var isFree = false;
        try
        {
            return _answer.Take(token, ref isFree);
        }
        finally
        {
            if (isFree && s_kept.Count < MaxKept && _answer.TryRenew()) s_kept.Enqueue(this);
        }
    }

    private bool TryAsk(short token, ref ValueTask<AppendResult> pending)
    {
        if (_isAsked || !_answer.IsCurrent(token)) return false;
        pending = _pending;
        return _isAsked = true;
    }

    private void ContinueWith(ValueTask<AppendResult> pending)
    {
        var continuing = AnswerAsync(pending);
        lock (_answer.Gate) _continuing = continuing;
    }

    private void WaitFor(ValueTask<AppendResult> pending)
    {
        try
        {
#pragma warning disable RS0030 // The caller blocks for the append, as the contract of its result allows.
            Answer(pending.GetAwaiter().GetResult(), mayRunHere: false);
#pragma warning restore RS0030
        }
        catch (InvalidOperationException e) when (e.GetType() == typeof(InvalidOperationException))
        {
            // The log refuses to be waited for here, inside its own transaction; the append continues, and others may await it.
            ContinueWith(pending);
            throw;
        }
        catch (Exception e)
        {
            Fail(e, mayRunHere: false);
        }
    }

    // No caller sees it, so that its state machine can be used again.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AnswerAsync(ValueTask<AppendResult> pending)
    {
        AppendResult result;
        try
        {
            result = await pending.ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fail(e, mayRunHere: true);
            return;
        }

        Answer(result, mayRunHere: true);
    }

    private void Answer(in AppendResult result, bool mayRunHere)
    {
        Return();
        _answer.Give(result, mayRunHere);
    }

    private void Fail(Exception error, bool mayRunHere)
    {
        Return();
        _answer.Fail(error, mayRunHere);
    }

    private void Return()
    {
        var (codec, encoder) = (_codec, _encoder);
        (_codec, _encoder, _pending) = (null!, null!, default);
        codec.Return(encoder);
    }
}
