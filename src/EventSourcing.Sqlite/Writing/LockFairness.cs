using System.Diagnostics;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Decides when the writer leaves the write lock to others, and for how long.</summary>
/// <remarks>
/// SQLite's lock has no queue. A waiting connection retries after pauses of 1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50 and then always 100 ms
/// (sqliteDefaultBusyCallback in sqlite.org/src/file/src/main.c) and rarely gets the lock while another process writes all the time. So
/// continuous writing is interrupted for longer than the pauses of the first eighth of a second, and is interrupted again within that time.
/// Then an insert from a shell, an ORM or another language gets the lock within that time.
/// </remarks>
/// <param name="haveOthersFileOpen">True when another process may have the log's file open.</param>
internal sealed class LockFairness(Func<bool> haveOthersFileOpen)
{
    // A writer of this library that waits looks every millisecond: time for two looks.
    private static readonly long s_shortGap = Stopwatch.Frequency / 500;
    private static readonly long s_gap = Stopwatch.Frequency * 27 / 1000;
    private static readonly long s_stretch = Stopwatch.Frequency / 10;
    private static readonly long s_recently = Stopwatch.Frequency * 10;

    private long _began;
    private long _ended;
    private long _othersWrote = long.MinValue / 2;

    /// <summary>Notes that the lock was taken.</summary>
    internal void Taken()
    {
        var now = Stopwatch.GetTimestamp();
        if (now - _ended >= s_gap) _began = now;
    }

    /// <summary>Notes that the lock was given back.</summary>
    /// <param name="othersWrote">Another connection has written since the writer last had the lock.</param>
    /// <returns>The timestamp until which the lock shall stay free; 0 when it need not.</returns>
    internal long GivenBack(bool othersWrote)
    {
        _ended = Stopwatch.GetTimestamp();
        if (othersWrote) _othersWrote = _ended;
        // A recent writer may be in this process, which its locks do not show.
        if (_ended - _began >= s_stretch)
        {
            _began = _ended;
            if (_ended - _othersWrote < s_recently || haveOthersFileOpen()) return _ended + s_gap;
        }

        return othersWrote ? _ended + s_shortGap : 0;
    }

#pragma warning disable RS0030 // SQLite has no signal for a lock that was given back.
    /// <summary>Waits for about a millisecond before the lock is tried again.</summary>
    internal static void Pause() => Thread.Sleep(1);
#pragma warning restore RS0030
}
