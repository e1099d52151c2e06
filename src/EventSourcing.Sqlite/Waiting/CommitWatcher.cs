using System.Diagnostics;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Reading;

namespace EventSourcing.Sqlite.Waiting;

/// <summary>Notices commits of other connections, while a call waits and for a second after: changes of the write-ahead log are the hint, SQLite's data_version is the truth.</summary>
/// <param name="file">The log's file.</param>
/// <param name="signal">Is given every head that is seen.</param>
/// <param name="open">Opens the watch's own connection.</param>
/// <param name="seal">Finalizes events that were appended in SQL, where that can be done at once; null for a read-only log.</param>
internal sealed class CommitWatcher(StoreFile file, CommitSignal signal, Func<Reader> open, Func<CancellationToken, ValueTask>? seal) : IAsyncDisposable
{
    private static readonly TimeSpan s_pollWithHints = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pollBusy = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_pollWithout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_afterHint = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longAfterHint = TimeSpan.FromMilliseconds(10);
    private const int PollsSoonAfterHint = 20, PollsAfterHint = 50;

    // A log that commits more often than this does not ask for hints: each of its own writes would be a hint, from a thread that takes the writer's processor.
    private const int OwnCommitsAtMost = 64;
    private static readonly TimeSpan s_counted = TimeSpan.FromSeconds(1);

    // A call that follows the log waits, reads and waits again: the watch is not taken down and set up again for each event.
    private static readonly TimeSpan s_longestUnawaited = TimeSpan.FromSeconds(1);

    private const long NoVersion = -1;

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Disposal _disposal = new();
    private Task? _loop;

    /// <summary>True while the commits of every connection are published eventually.</summary>
    internal bool IsWatching
    {
        get
        {
            lock (_lock) return _loop is not null;
        }
    }

    /// <summary>Starts to watch, unless that runs already. It begins by publishing the head.</summary>
    internal void Start()
    {
        lock (_lock)
        {
            if (_loop is null && !_stop.IsCancellationRequested) _loop = Begin();
        }
    }

    // Without the flow of the call that happens to be the first to wait, which the watch would keep alive. A flow cannot be suppressed twice.
    private Task Begin()
    {
        if (ExecutionContext.IsFlowSuppressed()) return Task.Run(WatchAsync, CancellationToken.None);
        using (ExecutionContext.SuppressFlow()) return Task.Run(WatchAsync, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _disposal.RunAsync(async () =>
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task? loop;
        lock (_lock) loop = _loop;
        if (loop is not null) await loop.ConfigureAwait(false);
        _stop.Dispose();
    });

    // Nothing that happens in a round ends the watch: it begins again, with a connection and a notice of its own.
    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await WatchUntilUnawaitedAsync().ConfigureAwait(false);
                return;
            }
            catch (Exception)
            {
                // The file cannot be watched or read just now, or the log is closed. Calls that read it throw the reason.
                if (!signal.IsAwaited && TryEnd()) return;
            }

            await Task.Delay(s_pollWithout, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WatchUntilUnawaitedAsync()
    {
        using var hints = new SemaphoreSlim(0, 1);
        FileSystemWatcher? files = null;
        Reader? reader = null;
        try
        {
            files = TryWatchFile(hints);
            var (isHinted, isBusy, awaitedAt) = (false, false, Stopwatch.GetTimestamp());
            var (countedFrom, counted) = (Stopwatch.GetTimestamp(), signal.OwnCommits);
            for (var seen = NoVersion; !_stop.IsCancellationRequested;)
            {
                var areMany = signal.OwnCommits - counted > OwnCommitsAtMost;
                if (areMany || Stopwatch.GetElapsedTime(countedFrom) >= s_counted)
                {
                    if (areMany != isBusy)
                    {
                        files?.Dispose();
                        files = areMany ? null : TryWatchFile(hints);
                    }

                    (isBusy, countedFrom, counted) = (areMany, Stopwatch.GetTimestamp(), signal.OwnCommits);
                }

                reader = Examined(reader);
                seen = await PublishChangesAsync(reader, seen, isHinted ? PollsAfterHint : 1).ConfigureAwait(false);
                if (signal.IsAwaited) awaitedAt = Stopwatch.GetTimestamp();
                else if (Stopwatch.GetElapsedTime(awaitedAt) >= s_longestUnawaited && TryEnd()) return;
                var pause = isBusy ? s_pollBusy : files is null || seen == NoVersion ? s_pollWithout : s_pollWithHints;
                isHinted = await hints.WaitAsync(pause, _stop.Token).ConfigureAwait(false) && !isBusy;
            }
        }
        finally
        {
            files?.Dispose();
            reader?.Dispose();
        }
    }

    private Reader Examined(Reader? reader)
    {
        try
        {
            file.ThrowIfReplacedLately();
            return reader ?? open();
        }
        catch (Exception e) when (e is StoreConfigurationException or StoreSchemaException)
        {
            // The file is not the log's any more: no more events will come. The waiting calls read, and throw the reason.
            signal.WakeAll();
            throw;
        }
    }

    // A hint comes with the write, before the fsync and so before the commit can be seen: it is looked for a little longer, a slow disk's time.
    private async Task<long> PublishChangesAsync(Reader reader, long seen, int polls)
    {
        for (var i = 0; i < polls; i++)
        {
            var version = reader.DataVersion();
            if (version != seen)
            {
                var published = signal.Published;
                var head = reader.Head(out var isSealed);
                // What was published before the look is in a log that only grows.
                if (head < published) signal.PublishCut(published, head);
                if (!isSealed && seal is not null)
                {
                    await SealAsync(seal).ConfigureAwait(false);
                    head = reader.Head(out isSealed);
                }

                signal.Publish(head);
                // Events that cannot be finalized now are tried again in the next round.
                return isSealed || seal is null ? version : NoVersion;
            }

            if (polls == 1) break;
            await Task.Delay(i < PollsSoonAfterHint ? s_afterHint : s_longAfterHint, _stop.Token).ConfigureAwait(false);
        }

        return seen;
    }

    private async Task SealAsync(Func<CancellationToken, ValueTask> seal)
    {
        try
        {
            await seal(_stop.Token).ConfigureAwait(false);
        }
        catch (Exception) when (!_stop.IsCancellationRequested)
        {
            // Calls that read or write throw it. The events before these are published all the same.
        }
    }

    private bool TryEnd()
    {
        lock (_lock)
        {
            if (signal.IsAwaited) return false;
            _loop = null;
            return true;
        }
    }

    private FileSystemWatcher? TryWatchFile(SemaphoreSlim hints)
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new(Path.GetDirectoryName(file.Path)!, Path.GetFileName(file.Path) + "-wal")
            {
                NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.FileName,
            };
            watcher.Changed += (_, _) => Hint(hints);
            watcher.Created += (_, _) => Hint(hints);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception)
        {
            // The system has no notices, or no more of them: the watch looks more often.
            watcher?.Dispose();
            return null;
        }
    }

    private static void Hint(SemaphoreSlim hints)
    {
        try
        {
            if (hints.CurrentCount == 0) hints.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Another hint came first, or the watch has ended.
        }
    }
}
