namespace EventSourcing.Sqlite;

/// <summary>The progress of a backup.</summary>
/// <param name="PagesDone">The pages of the file that are copied; never falls.</param>
/// <param name="PagesTotal">The pages of the file in all; the same in every report of one backup.</param>
/// <param name="Head">The position of the last event that the backup will hold; the same in every report of one backup.</param>
public readonly record struct BackupProgress(long PagesDone, long PagesTotal, GlobalPosition Head);
