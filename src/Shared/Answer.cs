using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace EventSourcing.Internal;

/// <summary>A result that is set later: the source of a <see cref="ValueTask{TResult}"/>, reused for other results. Thread-safe.</summary>
/// <remarks>
/// A value task is meant to be awaited once. This source tolerates other uses. A caller that takes the result too early waits for it. Several callers that await
/// at the same time all get the result, and the object is then not reused. Using the value task after its result was taken throws
/// InvalidOperationException and never affects the next use: each use has its own version, and an object without versions left is not reused.
/// </remarks>
internal sealed class Answer<T>
{
    private Waiting _first;
    private List<Waiting>? _others;
    private TaskCompletionSource? _blocked;
    private int _blockedCount;
    private ExceptionDispatchInfo? _error;
    private T _result = default!;
    private ushort _version;
    private bool _isGiven;
    private bool _isTaken;

    /// <summary>Protects every field of this object.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The token of the current use.</summary>
    internal short Version => (short)_version;

    internal bool IsCurrent(short token) => token == Version && !_isTaken;

    internal void ThrowIfStale(short token)
    {
        if (!IsCurrent(token))
            throw new InvalidOperationException("The result of this ValueTask was already taken; a ValueTask can be awaited only once. To use it more than once, keep the task of AsTask().");
    }

    /// <summary>The status for a task that awaits the result, on the thread pool. Never throws: it is Faulted when the result was already taken, so that taking it again throws.</summary>
    internal ValueTaskSourceStatus GetStatus(short token)
    {
        lock (Gate)
        {
            return !IsCurrent(token) ? ValueTaskSourceStatus.Faulted
                : !_isGiven ? ValueTaskSourceStatus.Pending
                : _error is null ? ValueTaskSourceStatus.Succeeded
                : _error.SourceException is OperationCanceledException ? ValueTaskSourceStatus.Canceled
                : ValueTaskSourceStatus.Faulted;
        }
    }

    /// <summary>Runs a continuation when the result is set. If it is already set or taken, the continuation runs at once on the thread pool.</summary>
    /// <remarks>Never throws: no async method could catch the exception, so it would end the process. Misuse throws where the result is taken.</remarks>
    internal void OnGiven(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        var waiting = new Waiting(continuation, state, flags);
        lock (Gate)
        {
            if (IsCurrent(token) && !_isGiven)
            {
                if (_first.IsNothing) _first = waiting;
                else (_others ??= []).Add(waiting);
                return;
            }
        }

        waiting.Resume(mayRunHere: false);
    }

    /// <summary>Takes the result, and blocks until it is set.</summary>
    /// <param name="token">The use.</param>
    /// <param name="isFree">Set when no other caller waits for this use, so that the object may be reused.</param>
    /// <exception cref="InvalidOperationException">The result was already taken.</exception>
    internal T Take(short token, ref bool isFree)
    {
        var isBlocked = Wait(token);
        T result;
        ExceptionDispatchInfo? error;
        lock (Gate)
        {
            ThrowIfStale(token);
            (result, error) = (_result, _error);
            // At most one caller waited; a blocked caller counts as one.
            if (_others is null && (_blocked is null || (isBlocked && _first.IsNothing && _blockedCount == 1))) isFree = _isTaken = true;
        }

        error?.Throw();
        return result;
    }

    /// <summary>Completes all waiting calls.</summary>
    /// <param name="result">The result.</param>
    /// <param name="mayRunHere">True if a continuation may run on this thread, unless it requires another one.</param>
    internal void Give(T result, bool mayRunHere = false) => Give(result, null, mayRunHere);

    /// <summary>Completes all waiting calls with an error.</summary>
    internal void Fail(Exception error, bool mayRunHere = false) => Give(default!, ExceptionDispatchInfo.Capture(error), mayRunHere);

    /// <summary>Prepares an object whose result was taken for its next use, under the next version. False when no version is left.</summary>
    internal bool TryRenew()
    {
        lock (Gate)
        {
            if (_version == ushort.MaxValue) return false;
            _version++;
            (_result, _error, _isGiven, _isTaken) = (default!, null, false, false);
            (_first, _others, _blocked, _blockedCount) = (default, null, null, 0);
            return true;
        }
    }

    private bool Wait(short token)
    {
        Task given;
        lock (Gate)
        {
            ThrowIfStale(token);
            if (_isGiven) return false;
            _blockedCount++;
            given = (_blocked ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        // A task tells the thread pool that one of its threads is blocked; the thread that answers wakes it without the pool.
#pragma warning disable RS0030 // The caller blocks for the result, as its contract allows.
        given.GetAwaiter().GetResult();
#pragma warning restore RS0030
        return true;
    }

    private void Give(T result, ExceptionDispatchInfo? error, bool mayRunHere)
    {
        Waiting first;
        List<Waiting>? others;
        TaskCompletionSource? blocked;
        lock (Gate)
        {
            (_result, _error, _isGiven) = (result, error, true);
            // From here on another thread may take the result and reuse this object.
            (first, others, blocked) = (_first, _others, _blocked);
        }

        blocked?.SetResult();
        if (others is not null)
            foreach (var other in others) other.Resume(mayRunHere: false);
        first.Resume(mayRunHere);
    }

    private readonly struct Waiting
    {
        private readonly Action<object?>? _continuation;
        private readonly object? _state;
        private readonly ExecutionContext? _context;
        private readonly object? _scheduler;

        internal Waiting(Action<object?> continuation, object? state, ValueTaskSourceOnCompletedFlags flags)
        {
            (_continuation, _state) = (continuation, state);
            if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0) _context = ExecutionContext.Capture();
            if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) == 0) return;
            if (SynchronizationContext.Current is { } synchronization && synchronization.GetType() != typeof(SynchronizationContext)) _scheduler = synchronization;
            else if (TaskScheduler.Current != TaskScheduler.Default) _scheduler = TaskScheduler.Current;
        }

        internal bool IsNothing => _continuation is null;

        internal void Resume(bool mayRunHere)
        {
            if (_continuation is not { } continuation) return;
            var state = _state;
            if (_context is { } context)
                (continuation, state) = (static s => Run((Flowing)s!), new Flowing(_continuation, _state, context));
            if (_scheduler is not null && TrySchedule(continuation, state)) return;
            if (_scheduler is null && mayRunHere) continuation(state);
            else ThreadPool.UnsafeQueueUserWorkItem(continuation, state, preferLocal: true);
        }

        // A synchronization context that refuses work must not fail the thread that sets the result, because it completes other callers as well.
        private bool TrySchedule(Action<object?> continuation, object? state)
        {
            try
            {
                if (_scheduler is SynchronizationContext synchronization) synchronization.Post(new(continuation), state);
                else _ = Task.Factory.StartNew(continuation, state, CancellationToken.None, TaskCreationOptions.DenyChildAttach, (TaskScheduler)_scheduler!);
                return true;
            }
            catch (Exception)
            {
                return false;
            }
        }

        private static void Run(Flowing flowing) => ExecutionContext.Run(flowing.Context, static s =>
        {
            var its = (Flowing)s!;
            its.Continuation(its.State);
        }, flowing);

        private sealed record Flowing(Action<object?> Continuation, object? State, ExecutionContext Context);
    }
}
