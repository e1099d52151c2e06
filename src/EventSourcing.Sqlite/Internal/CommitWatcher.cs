using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Internal;

/// <summary>Notices what other connections commit, while somebody waits or did a moment ago: changes of the write-ahead log as the hint, SQLite's data_version as the truth.</summary>
internal sealed class CommitWatcher(StoreFile file, CommitSignal signal, Func<Reader> open, Func<CancellationToken, ValueTask>? seal) : IAsyncDisposable
{
    private static readonly TimeSpan s_pollWithHints = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_pollBusy = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_pollWithout = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_afterHint = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longAfterHint = TimeSpan.FromMilliseconds(10);
    private const int PollsSoonAfterHint = 20, PollsAfterHint = 50;

    // A log that commits more often than this does not ask for hints: it would be told of each of its own writes, by a thread that takes the writer's processor.
    private const int OwnCommitsAtMost = 64;
    private static readonly TimeSpan s_counted = TimeSpan.FromSeconds(1);

    // Those who follow the log wait, read and wait again: the watch is not taken down and set up anew for each event.
    private static readonly TimeSpan s_longestUnawaited = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private Task? _loop;

    /// <summary>True while what anybody commits is published, sooner or later.</summary>
    internal bool IsWatching
    {
        get
        {
            lock (_gate) return _loop is not null;
        }
    }

    /// <summary>Starts to watch, if nobody does. The first thing that is done is to publish the head.</summary>
    internal void Start()
    {
        lock (_gate)
            if (_loop is null && !_stop.IsCancellationRequested) _loop = Task.Run(WatchAsync, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        Task? loop;
        lock (_gate) loop = _loop;
        if (loop is not null) await loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        using var hints = new SemaphoreSlim(0, 1);
        var files = TryWatchFile(hints);
        Reader? reader = null;
        try
        {
            var (isHinted, isBusy, awaitedAt) = (false, false, Stopwatch.GetTimestamp());
            var (countedFrom, counted) = (Stopwatch.GetTimestamp(), signal.OwnCommits);
            for (var seen = -1L; !_stop.IsCancellationRequested;)
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

                try
                {
                    file.ThrowIfReplacedLately();
                    reader ??= open();
                    seen = await PublishChangesAsync(reader, seen, isHinted ? PollsAfterHint : 1).ConfigureAwait(false);
                }
                catch (SqliteException)
                {
                    // The file cannot be read just now; those who wait hear of it when they read, and the next round tries again.
                    reader?.Dispose();
                    reader = null;
                }
                catch (Exception e) when (e is StoreUnavailableException or StoreSchemaException)
                {
                    // The file is not the log's any more: nothing more will come, and whoever reads is told.
                    signal.WakeAll();
                }

                if (signal.IsAwaited) awaitedAt = Stopwatch.GetTimestamp();
                else if (Stopwatch.GetElapsedTime(awaitedAt) >= s_longestUnawaited && TryEnd()) return;
                isHinted = await hints.WaitAsync(isBusy ? s_pollBusy : files is null ? s_pollWithout : s_pollWithHints, _stop.Token).ConfigureAwait(false) && !isBusy;
            }
        }
        catch (OperationCanceledException)
        {
            // Closed while waiting for the next hint.
        }
        finally
        {
            files?.Dispose();
            reader?.Dispose();
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
                var head = reader.Head(out var isSealed);
                if (!isSealed && seal is not null) head = await SealAsync(reader, head).ConfigureAwait(false);
                signal.Publish(head);
                return version;
            }

            if (polls == 1) break;
            await Task.Delay(i < PollsSoonAfterHint ? s_afterHint : s_longAfterHint, _stop.Token).ConfigureAwait(false);
        }

        return seen;
    }

    private async Task<long> SealAsync(Reader reader, long head)
    {
        try
        {
            await seal!(_stop.Token).ConfigureAwait(false);
            return reader.Head(out _);
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException)
        {
            // Those who wait hear of it when they read or write.
            return head;
        }
    }

    private bool TryEnd()
    {
        lock (_gate)
        {
            if (signal.IsAwaited) return false;
            _loop = null;
            return true;
        }
    }

    private FileSystemWatcher? TryWatchFile(SemaphoreSlim hints)
    {
        try
        {
            var watcher = new FileSystemWatcher(Path.GetDirectoryName(file.Path)!, Path.GetFileName(file.Path) + "-wal")
            {
                NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.FileName,
            };
            watcher.Changed += (_, _) => Hint(hints);
            watcher.Created += (_, _) => Hint(hints);
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception e) when (e is IOException or ArgumentException or PlatformNotSupportedException)
        {
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
            // Another hint came first, or nobody waits for hints any more.
        }
    }
}
