namespace EventSourcing.Sqlite;

/// <summary>A file exists at the target of a backup, or one that SQLite would take for a part of it. It was not changed, and nothing was written.</summary>
public sealed class BackupTargetExistsException : EventSourcingException
{
    /// <summary>Reports what is in the way.</summary>
    /// <param name="target">The path that the backup was to have.</param>
    /// <param name="found">What is there: the path itself, or the same with <c>-wal</c>, <c>-shm</c> or <c>-journal</c>.</param>
    public BackupTargetExistsException(string target, string found)
        : base($"The backup '{target}' was not written: '{found}' exists. A backup replaces nothing; choose another path, or move that file away.") =>
        (Target, Found) = (target, found);

    /// <summary>The path that the backup was to have.</summary>
    public string Target { get; }

    /// <summary>What is in the way: the path itself, or a companion of it.</summary>
    public string Found { get; }
}
