using System.Runtime.ExceptionServices;
using System.Threading.Tasks.Sources;

namespace EventSourcing.Internal;

/// <summary>An answer that is given later: the inside of a <see cref="ValueTask{TResult}"/> whose object is used again. Thread-safe.</summary>
/// <remarks>
/// A value task is meant to be awaited once. This one bears every other use. Who takes the answer before it is given waits for it. Who awaits it
/// beside others is answered beside them, and the object is then not used again. What comes after the answer was taken is refused with
/// InvalidOperationException, and never reaches the next use: each use has a version of its own, and an object whose versions are used up is given away.
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

    /// <summary>Held while anything of this changes.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The token of the present use.</summary>
    internal short Version => (short)_version;

    internal bool IsCurrent(short token) => token == Version && !_isTaken;

    internal void ThrowIfStale(short token)
    {
        if (!IsCurrent(token))
            throw new InvalidOperationException("The result of this ValueTask was taken before: it is awaited once. To use it more than once, keep what AsTask() returns.");
    }

    /// <summary>What a task asks before it takes the answer, from the thread pool: never throws. Of an answer that was taken before, that there is an error to take.</summary>
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

    /// <summary>Runs a continuation once the answer is given; at once, on the thread pool, when it is given or was taken before.</summary>
    /// <remarks>Never throws: an exception from here ends the process, as no async method can catch it. Misuse is refused where the result is taken.</remarks>
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

    /// <summary>Takes the answer, and waits for it where it is not given.</summary>
    /// <param name="token">The use.</param>
    /// <param name="isFree">Set when nobody else waits for this use: the object may be renewed.</param>
    /// <exception cref="InvalidOperationException">The answer was taken before.</exception>
    internal T Take(short token, ref bool isFree)
    {
        var isBlocked = Wait(token);
        T result;
        ExceptionDispatchInfo? error;
        lock (Gate)
        {
            ThrowIfStale(token);
            (result, error) = (_result, _error);
            // A single one waited, or none; a blocked one counts as the one.
            if (_others is null && (_blocked is null || (isBlocked && _first.IsNothing && _blockedCount == 1))) isFree = _isTaken = true;
        }

        error?.Throw();
        return result;
    }

    /// <summary>Completes all waiting calls.</summary>
    /// <param name="result">The answer.</param>
    /// <param name="mayRunHere">True lets a continuation run on this thread where it asks for no other.</param>
    internal void Give(T result, bool mayRunHere = false) => Give(result, null, mayRunHere);

    /// <summary>Completes all waiting calls with an error.</summary>
    internal void Fail(Exception error, bool mayRunHere = false) => Give(default!, ExceptionDispatchInfo.Capture(error), mayRunHere);

    /// <summary>Makes an answer that was taken look new, under the next version; false when there is none.</summary>
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
            // From here on another thread may take the answer and use this again.
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

        // A context that takes no more work must not end the thread that answers: it answers others as well.
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
