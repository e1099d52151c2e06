namespace EventSourcing.Sqlite;

/// <summary>The progress of a backup.</summary>
public readonly record struct BackupProgress
{
    /// <summary>The progress of a backup.</summary>
    /// <param name="pagesDone">The pages of the file that are copied; never falls.</param>
    /// <param name="pagesTotal">The pages of the file in all; the same in every report of one backup.</param>
    /// <param name="head">The position of the last event that the backup will hold; the same in every report of one backup.</param>
    public BackupProgress(long pagesDone, long pagesTotal, GlobalPosition head) =>
        (PagesDone, PagesTotal, Head) = (pagesDone, pagesTotal, head);

    /// <summary>The pages of the file that are copied; never falls.</summary>
    public long PagesDone { get; }

    /// <summary>The pages of the file in all; the same in every report of one backup.</summary>
    public long PagesTotal { get; }

    /// <summary>The position of the last event that the backup will hold; the same in every report of one backup.</summary>
    public GlobalPosition Head { get; }
}
