using EventSourcing.InMemory;
using EventSourcing.InMemory.Views;
using EventSourcing.Storage;

namespace EventSourcing;

/// <summary>A log in memory, built for speed: for tests and for data that may be lost with the process.</summary>
/// <remarks>
/// One lock serializes the writers, and calls other than waits complete synchronously. Reads take no lock, so readers and writers do not block
/// each other. The log holds up to 2,147,483,646 events. Each takes about 110 bytes in addition to payload, tags and supplied ids.
/// Nothing is durable.
/// </remarks>
public sealed class InMemoryEventLog : IEventLog, IUserTransactions<InMemoryTransaction>, ILogCatalog, IInlineViews
{
    private readonly Lock _lock = new();
    private readonly EventTable _events;
    private readonly AppendSignal _signal = new();
    private readonly Writer _writer;
    private readonly Catalog _catalog;
    private volatile bool _isDisposed;
    private readonly WorkGuard _work = new();
    private readonly ViewStorage _views = new();
    private readonly InlineViews _inlineViews;

    /// <summary>An empty log.</summary>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    public InMemoryEventLog(InMemoryLogOptions? options = null)
        : this(options, new())
    {
    }

    internal InMemoryEventLog(InMemoryLogOptions? options, EventTable events)
    {
        (_events, _catalog, _inlineViews) = (events, new(events), new(_work));
        _writer = new(events, (options ?? new()).Validated(), _inlineViews);
    }

    /// <inheritdoc/>
    public string SystemName => "memory";

    /// <inheritdoc/>
    public T? Find<T>() where T : class => this as T ?? _views as T;

    /// <inheritdoc/>
    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(append);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<AppendResult>(cancellationToken);
        AppendResult result;
        try
        {
            Write(append, out result);
        }
        catch (Exception e)
        {
            return ValueTask.FromException<AppendResult>(e);
        }

        return new(result);
    }

    /// <inheritdoc/>
    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<LogPage>(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            read.Validate();
            return new(PageReader.Read(_events, read));
        }
        catch (Exception e)
        {
            return ValueTask.FromException<LogPage>(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        if (_isDisposed) return ValueTask.FromException(Disposed());
        _work.ThrowIfInside();
        var head = _events.Head;
        if (head > after.ToInt64()) return default;
        if (head < after.ToInt64()) return ValueTask.FromException(new PositionOutOfRangeException(after, GlobalPosition.FromInt64(head)));
        return new(_signal.WaitAsync(_events, after.ToInt64(), cancellationToken));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<IReadOnlyList<StoredRecord>>(cancellationToken);
        // Inside the writers' lock the call would wait for itself, or see uncommitted data.
        _work.ThrowIfInside();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return new(_writer.Records.Page(kind, from, through, max, LogRead.DefaultMaxBytes));
        }
    }

    /// <inheritdoc/>
    public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken) => WriteAsync(write, null, cancellationToken);

    ValueTask<LogWritten> IUserTransactions<InMemoryTransaction>.WriteAsync(LogWrite write, Action<InMemoryTransaction> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        SynchronousDelegate.ThrowIfAsync(work, nameof(work));
        return WriteAsync(write, work, cancellationToken);
    }

    IViewStorage IInlineViews.Storage => _inlineViews.Storage;

    void IInlineViews.Attach(IInlineView view) => _inlineViews.Attach(view);

    void IInlineViews.Detach(IInlineView view) => _inlineViews.Detach(view);

    ValueTask IInlineViews.AdvanceAsync(Action<IInlineTransaction>? work, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        try
        {
            Advance(work);
            return default;
        }
        catch (Exception e)
        {
            return ValueTask.FromException(e);
        }
    }

    ValueTask<IReadOnlyList<StreamInfo>> ILogCatalog.ReadStreamsAsync(string? category, StreamId after, int max, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<IReadOnlyList<StreamInfo>>(cancellationToken) : new(_catalog.Streams(category, after, max));
    }

    ValueTask<LogStatistics> ILogCatalog.GetStatisticsAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<LogStatistics>(cancellationToken) : new(_catalog.Statistics());
    }

    /// <summary>Erases the events of a stream through a version. Their positions, versions and ids are never used again.</summary>
    internal ValueTask EraseAsync(StreamId stream, long throughVersion)
    {
        lock (_lock)
        {
            _writer.Erase(stream, throughVersion);
            _writer.Commit();
        }

        return default;
    }

    /// <summary>Ends the log: its events are discarded, and every call that waits for an event throws <see cref="ObjectDisposedException"/>.</summary>
    /// <exception cref="InvalidOperationException">Called from inside the work of a transaction. The log stays open.</exception>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    /// <summary>Closes the log as <see cref="DisposeAsync"/> does. Waits only for an append that is being stored.</summary>
    /// <exception cref="InvalidOperationException">Called from inside the work of a transaction. The log stays open.</exception>
    public void Dispose()
    {
        _work.ThrowIfInside();
        lock (_lock) _isDisposed = true;
        _signal.End(Disposed);
    }

    // Written out, because a shared method would need a delegate and so an allocation for every append.
    private void Write(LogAppend append, out AppendResult result)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _work.ThrowIfInside();
        _writer.Validate(append);
        bool hasEvents;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            try
            {
                _writer.Begin();
                _writer.Append(append, out result);
                hasEvents = _writer.Commit();
            }
            catch
            {
                _writer.Rollback();
                throw;
            }
        }

        if (hasEvents) _signal.Pulse(_events.Head);
    }

    private void Advance(Action<IInlineTransaction>? work)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _work.ThrowIfInside();
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            try
            {
                _writer.Advance(work);
                _writer.Commit();
            }
            catch
            {
                _writer.Rollback();
                throw;
            }
        }
    }

    private ValueTask<LogWritten> WriteAsync(LogWrite write, Action<InMemoryTransaction>? work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<LogWritten>(cancellationToken);
        try
        {
            return new(Write(write, work));
        }
        catch (Exception e)
        {
            return ValueTask.FromException<LogWritten>(e);
        }
    }

    private LogWritten Write(LogWrite write, Action<InMemoryTransaction>? work)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _work.ThrowIfInside();
        if (_writer.Validate(write, hasWork: work is not null) is { } refusal) return LogWritten.Refused(refusal);
        LogWritten written;
        var hasEvents = false;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            try
            {
                _writer.Begin();
                written = new WriteTransaction(_writer, write).Run(work is null ? null : () => Run(work));
                if (written.Refusal is null) hasEvents = _writer.Commit();
                else _writer.Rollback();
            }
            catch
            {
                _writer.Rollback();
                throw;
            }
        }

        if (hasEvents) _signal.Pulse(_events.Head);
        return written;
    }

    private void Run(Action<InMemoryTransaction> work)
    {
        var transaction = new InMemoryTransaction(_writer);
        try
        {
            _work.Run(null, () =>
            {
                work(transaction);
                return true;
            });
        }
        finally
        {
            transaction.End();
        }
    }

    private static ObjectDisposedException Disposed() => new(typeof(InMemoryEventLog).FullName);
}
