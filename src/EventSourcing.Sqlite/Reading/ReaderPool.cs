using System.Collections.Concurrent;
using EventSourcing.Sqlite.Files;

namespace EventSourcing.Sqlite.Reading;

/// <summary>A bounded pool of read connections. Each is used by one caller at a time.</summary>
internal sealed class ReaderPool(int max, StoreFile file, Func<Reader> open) : IDisposable
{
    private readonly SemaphoreSlim _places = new(max);
    private readonly ConcurrentStack<Reader> _idle = [];
    private volatile bool _disposed;

    /// <summary>Runs work on a reader. A reader that had an error is closed.</summary>
    internal ValueTask<T> UseAsync<TArgument, T>(Func<Reader, TArgument, T> work, TArgument argument, CancellationToken cancellationToken)
    {
        if (_disposed) throw new ObjectDisposedException(nameof(SqliteEventLog), "The log is closed.");
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        return _places.Wait(0, CancellationToken.None) ? new(Use(work, argument)) : WaitAsync(work, argument, cancellationToken);
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryPop(out var reader)) reader.Dispose();
    }

    private async ValueTask<T> WaitAsync<TArgument, T>(Func<Reader, TArgument, T> work, TArgument argument, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        return Use(work, argument);
    }

    private T Use<TArgument, T>(Func<Reader, TArgument, T> work, TArgument argument)
    {
        Reader? reader = null;
        try
        {
            if (_disposed) throw new ObjectDisposedException(nameof(SqliteEventLog), "The log is closed.");
            file.ThrowIfReplacedLately();
            if (!_idle.TryPop(out reader)) reader = open();
            var result = work(reader, argument);
            Return(reader);
            reader = null;
            return result;
        }
        catch (Exception e) when (e is PositionOutOfRangeException or LogDivergedException)
        {
            // The reader did its work: there was nothing to read.
            if (reader is not null) Return(reader);
            reader = null;
            throw;
        }
        finally
        {
            reader?.Dispose();
            _places.Release();
        }
    }

    private void Return(Reader reader)
    {
        _idle.Push(reader);
        // Closed meanwhile: the last one closes the idle readers.
        if (_disposed) Dispose();
    }
}
