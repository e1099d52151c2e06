namespace EventSourcing.Sqlite;

/// <summary>The result of <see cref="SqliteEventLog.BackupAsync"/>.</summary>
public sealed class BackupResult
{
    internal BackupResult(string path, GlobalPosition head, long bytes, TimeSpan duration, Exception? progressError) =>
        (Path, Head, Bytes, Duration, ProgressError) = (path, head, bytes, duration, progressError);

    /// <summary>The backup's file, as a full path.</summary>
    public string Path { get; }

    /// <summary>The position of the last event that the backup holds: it has all events up to there and none after.</summary>
    public GlobalPosition Head { get; }

    /// <summary>The size of the file in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The duration of the backup, by the log's clock.</summary>
    public TimeSpan Duration { get; }

    /// <summary>The first exception that the progress callback threw; null when it threw none. The backup is complete all the same.</summary>
    public Exception? ProgressError { get; }
}
