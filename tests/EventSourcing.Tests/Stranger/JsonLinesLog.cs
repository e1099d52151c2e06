using System.Text.Json;
using EventSourcing.Internal;
using EventSourcing.Storage;

namespace EventSourcing.Tests.Stranger;

/// <summary>A log in a text file, one line of JSON for each transaction: written from the documentation of <see cref="IEventLog"/> alone, with public types only, to show that anybody can.</summary>
/// <remarks>
/// All that is stored is in memory as well, and one lock orders everything. A transaction collects its events and records (<see cref="JsonLinesTransaction"/>), is written as one
/// line, fsynced, and only then seen. A last line without its end was never answered: it is cut off when the file is opened.
/// </remarks>
internal sealed class JsonLinesLog : IEventLog
{
    private readonly Lock _lock = new();
    private readonly JsonLinesState _state = new();
    private readonly LogLimits _limits = new LogLimits().Validated();
    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private bool _isDisposed;

    private JsonLinesLog(FileStream file, TimeProvider time) => (_file, _time) = (file, time);

    public string SystemName => "jsonlines";

    /// <summary>Opens a file, for this process alone, or creates it.</summary>
    /// <exception cref="StoreCorruptException">A line is not what was written.</exception>
    internal static JsonLinesLog Open(string path, TimeProvider? time = null)
    {
        var log = new JsonLinesLog(new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read), time ?? TimeProvider.System);
        try
        {
            log.Load();
            return log;
        }
        catch
        {
            log._file.Dispose();
            throw;
        }
    }

    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(append);
        return Answer(() =>
        {
            append.Validate(_limits);
            lock (_lock)
            {
                var transaction = Begin();
                var result = transaction.Append(append);
                Commit(transaction);
                return result;
            }
        }, cancellationToken);
    }

    public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(write);
        return Answer(() =>
        {
            if (write.Validate(_limits) is { } refusal) return LogWritten.Refused(refusal);
            lock (_lock)
            {
                var transaction = Begin();
                var written = transaction.Write(write);
                if (written.Refusal is null) Commit(transaction);
                return written;
            }
        }, cancellationToken);
    }

    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Answer<LogPage>(() =>
        {
            read.Validate();
            lock (_lock)
            {
                ThrowIfUnusable();
                return _state.Read(read);
            }
        }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        return Answer<IReadOnlyList<StoredRecord>>(() =>
        {
            lock (_lock)
            {
                ThrowIfUnusable();
                return _state.ReadRecords(kind, from, through, max);
            }
        }, cancellationToken);
    }

    public async ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task grown;
            lock (_lock)
            {
                ThrowIfUnusable();
                if (_state.Head > after) return;
                if (_state.Head < after) throw new PositionOutOfRangeException(after, _state.Head);
                grown = _grown.Task;
            }

            await grown.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed) return default;
            _isDisposed = true;
            _file.Dispose();
            _grown.TrySetResult();
        }

        return default;
    }

    // Calls complete at once; what they throw is the task's.
    private static ValueTask<T> Answer<T>(Func<T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        try
        {
            return new(call());
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
    }

    private JsonLinesTransaction Begin()
    {
        ThrowIfUnusable();
        var now = JsonLinesTransaction.ToMicroseconds(_time.GetUtcNow());
        return new(_state, _state.Events is [.., { Timestamp: var last }] && last > now ? last : now);
    }

    private void Commit(JsonLinesTransaction transaction)
    {
        if (transaction.IsEmpty) return;
        try
        {
            _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(transaction.ToLine(), JsonLine.Options), (byte)'\n']);
            _file.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            // What became of the line, only the file tells, when it is opened again.
            _failure = e;
            throw new AppendOutcomeUnknownException([.. transaction.Events.Select(added => added.Id)], GlobalPosition.FromInt64(_state.Events.Count + 1), e);
        }

        _state.Apply(transaction.Events, transaction.Records);
        if (transaction.Events.Count == 0) return;
        _grown.SetResult();
        _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (_failure is not null) throw new StoreUnavailableException("The file could not be written; open the log again.", _failure);
    }

    private void Load()
    {
        var bytes = new byte[_file.Length];
        _file.ReadExactly(bytes);
        var (start, number) = (0, 1);
        for (int length; (length = bytes.AsSpan(start).IndexOf((byte)'\n')) >= 0; start += length + 1, number++)
        {
            try
            {
                var line = JsonSerializer.Deserialize<JsonLine>(bytes.AsSpan(start, length), JsonLine.Options)!;
                _state.Apply(line.RecordedAfter(_state.Events.Count), line.StoredRecords());
            }
            catch (Exception e) when (e is JsonException or ArgumentException or FormatException)
            {
                throw new StoreCorruptException(e.Message, $"line {number}", e);
            }
        }

        _file.SetLength(start);
        _file.Position = start;
    }
}
