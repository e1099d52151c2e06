using EventSourcing.Storage;
using EventSourcing.Testing.Internal;

namespace EventSourcing.Testing;

/// <summary>The reference of <see cref="IEventLog"/>: the whole contract in as few lines as possible, for authors of logs, and as a model for tests.</summary>
/// <remarks>
/// The log is one immutable state: a list of events and a sorted dictionary of records. A write makes a new state and replaces the old one, so a refused write changes nothing. Every look-up examines
/// all events, so it is slow: programs use <see cref="InMemoryEventLog"/>. Validation of appends is <see cref="AppendJudge"/>, as in every log. Thread-safe: one lock orders all calls.
/// Its only capability is <see cref="ILogCatalog"/>; it erases nothing. Nothing is durable.
/// </remarks>
/// <param name="timeProvider">The clock of timestamps; null for the system's.</param>
/// <param name="limits">The maximum sizes of events and appends; null for the defaults.</param>
/// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
public sealed class ReferenceLog(TimeProvider? timeProvider = null, LogLimits? limits = null) : IEventLog, ILogCatalog
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;
    private readonly LogLimits _limits = (limits ?? new()).Validated();
    private ReferenceState _state = ReferenceState.Empty;
    private TaskCompletionSource _nextEvent = NewSignal();
    private bool _isDisposed;

    /// <inheritdoc/>
    public string SystemName => "memory";

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(append);
        return Run(() =>
        {
            append.Validate(_limits);
            var transaction = new ReferenceTransaction(_state, _time);
            var result = transaction.Append(append);
            Commit(transaction.State);
            return result;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        return Run(() =>
        {
            if (write.Validate(_limits) is { } invalid) return LogWritten.Refused(invalid);
            var transaction = new ReferenceTransaction(_state, _time);
            var written = transaction.Write(write);
            if (written.Refusal is null) Commit(transaction.State);
            return written;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Run(() =>
        {
            read.Validate();
            return ReferencePage.Read(_state, read);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return Run<IReadOnlyList<StoredRecord>>(() =>
        {
            var (page, bytes) = (new List<StoredRecord>(), 0);
            foreach (var record in _state.RecordsOf(kind, from, through))
            {
                page.Add(record);
                bytes += record.Value.Length;
                if (page.Count == max || bytes >= LogRead.DefaultMaxBytes) break;
            }

            return page;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        var nextEvent = await Run(() =>
        {
            if (after > _state.Head) throw new PositionOutOfRangeException(after, _state.Head);
            return after < _state.Head ? Task.CompletedTask : _nextEvent.Task;
        }, cancellationToken).ConfigureAwait(false);
        await nextEvent.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StreamInfo>> ReadStreamsAsync(string? category, StreamId after, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return Run(() => _state.StreamsOf(category, after, max), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LogStatistics> GetStatisticsAsync(CancellationToken cancellationToken) => Run(() => _state.Count(), cancellationToken);

    /// <summary>Closes the log. Everything in it is gone; calls that wait for an event throw <see cref="ObjectDisposedException"/>. May be called again.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _nextEvent.TrySetException(new ObjectDisposedException(nameof(ReferenceLog)));
            // Nobody may be waiting: the exception counts as observed.
            _ = _nextEvent.Task.Exception;
        }
    }

    /// <summary>Closes the log, as <see cref="Dispose"/> does.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    private ValueTask<T> Run<T>(Func<T> action, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        try
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                return new(action());
            }
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
    }

    private void Commit(ReferenceState state)
    {
        var hasGrown = state.Head > _state.Head;
        _state = state;
        if (!hasGrown) return;
        _nextEvent.SetResult();
        _nextEvent = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
