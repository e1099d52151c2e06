using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Reading;
using EventSourcing.Sqlite.Schema;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Sqlite.Backup;

/// <summary>Copies a log into a file of its own, page by page, out of one snapshot.</summary>
/// <remarks>
/// SQLite's copy starts over whenever another connection has written between two of its steps, unless the source's connection holds a read transaction
/// (sqlite.org/c3ref/backup_finish.html): so one is held, by a connection of the copy's own. It ends whatever is written meanwhile, and has exactly what the snapshot has.
/// The price is that the write-ahead log cannot start over before it ends.
/// </remarks>
internal sealed class LogBackup(StoreFile file, SqliteOptions options, IProgress<BackupProgress>? progress)
{
    // 1 MiB at a time: between two of them the copy can be ended.
    private const int PagesAtOnce = 256;

    private const int StepsPerSynchronization = 8;

    private const int IoError = 10, IoErrorRead = 266;

    private Exception? _thrownByProgress;

    internal BackupResult Run(string path, CancellationToken cancellationToken)
    {
        var began = options.TimeProvider.GetTimestamp();
        using var target = BackupFile.Create(path, file.Path);
        var head = Copy(target, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = target.Publish();
        return new(target.Path, head, bytes, options.TimeProvider.GetElapsedTime(began), _thrownByProgress);
    }

    private GlobalPosition Copy(BackupFile target, CancellationToken cancellationToken)
    {
        try
        {
            using var source = ReaderConnections.Open(file, options);
            source.Execute("BEGIN");
            var head = GlobalPosition.FromInt64(source.Prepare(Sql.Head).Scalar(0));
            try
            {
                using var copy = Database.Unshared(target.Partial);
                // No process reads the file before it is complete: it is made durable once, at the end.
                copy.Execute("PRAGMA journal_mode = OFF");
                copy.Execute("PRAGMA synchronous = OFF");
                CopyPages(source, copy, target, head, cancellationToken);
            }
            catch (SqliteException e) when (IsOfTarget(e))
            {
                throw SqliteErrors.Translate(e, target.Path);
            }

            return head;
        }
        catch (SqliteException e)
        {
            throw SqliteErrors.Translate(e, file.Path);
        }
    }

    private void CopyPages(Database source, Database copy, BackupFile target, GlobalPosition head, CancellationToken cancellationToken)
    {
        using var backup = copy.BeginCopyOf(source);
        for (var steps = 1; ; steps++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var code = raw.sqlite3_backup_step(backup, PagesAtOnce);
            if (code is not (NativeMethods.Ok or NativeMethods.Done)) throw Database.CopyError(code);
            var total = raw.sqlite3_backup_pagecount(backup);
            Report(new(total - raw.sqlite3_backup_remaining(backup), total, head));
            if (code == NativeMethods.Done) return;
            if (steps % StepsPerSynchronization == 0) target.Synchronize();
        }
    }

    // An observer changes nothing of the backup. The caller finds what it threw in the result.
    private void Report(BackupProgress copied)
    {
        try
        {
            progress?.Report(copied);
        }
        catch (Exception e)
        {
            _thrownByProgress ??= e;
        }
    }

    private static bool IsOfTarget(SqliteException e) => !SqliteErrors.IsDamage(e) && !(e.SqliteErrorCode == IoError && e.SqliteExtendedErrorCode == IoErrorRead);
}
