using EventSourcing.Sqlite.Native;

namespace EventSourcing.Sqlite.Writing;

/// <summary>Decides how long the write-ahead log grows before SQLite copies it into the database file. Used by one thread at a time.</summary>
/// <remarks>
/// A commit that makes the file longer has to fsync the file's new length too, which costs a small commit about a third more. After a
/// checkpoint the same bytes are written again and the length stays. So at full durability the file starts short, and grows only by a part of
/// what was written to it. Large commits, and commits without an fsync, do not feel the difference: they get the whole length at once.
/// </remarks>
internal sealed class CheckpointPace
{
    // SQLite's own default.
    private const int FewestPages = 1000;
    private const int PartOfWritten = 16;
    private const int PagesOfLargeCommit = 8;
    private const int CommitsBetweenLooks = 64;

    private readonly Database _database;
    private readonly int _mostPages;
    private int _pages;
    private long _commits;
    private long _nextLook = CommitsBetweenLooks;

    /// <param name="database">The connection whose commits count.</param>
    /// <param name="options">Says the largest number of pages, and whether commits fsync.</param>
    internal CheckpointPace(Database database, SqliteOptions options)
    {
        (_database, _mostPages) = (database, options.CheckpointPages);
        Use(options.Durability == Durability.Full ? Math.Min(FewestPages, _mostPages) : _mostPages);
    }

    /// <summary>Counts a commit.</summary>
    internal void Count()
    {
        if (++_commits >= _nextLook) Look();
    }

    private void Look()
    {
        var written = _database.PagesWritten;
        _nextLook = _commits + CommitsBetweenLooks;
        var pages = written >= _commits * PagesOfLargeCommit ? _mostPages : (int)Math.Min(written / PartOfWritten, _mostPages);
        if (pages > _pages) Use(pages);
    }

    private void Use(int pages)
    {
        _pages = pages;
        _database.AutomaticCheckpoint(pages);
        if (pages == _mostPages) _nextLook = long.MaxValue;
    }
}
