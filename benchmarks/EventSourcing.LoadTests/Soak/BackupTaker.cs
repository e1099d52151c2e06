using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Takes a backup now and then, verifies it and removes it.</summary>
internal sealed class BackupTaker(TimeSpan interval, SoakedLog log) : Actor("backup", "backups", log)
{
    public override TimeSpan Patience => interval + TimeSpan.FromMinutes(2);

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        await Task.Delay(interval, stop);
        var path = Log.Path + ".backup";
        var before = await Store.GetHeadAsync(CancellationToken.None);
        try
        {
            var backup = await ((SqliteEventLog)Store.Log).BackupAsync(path, cancellationToken: CancellationToken.None);
            var verification = await SqliteEventLog.VerifyAsync(path, CancellationToken.None);
            Expect(verification.IsIntact, $"is not intact: {string.Join("; ", verification.Issues.Take(5))}");
            Expect(backup.Head >= before && verification.Head == backup.Head && verification.Events == backup.Head.ToInt64(), $"has {verification.Events} events through {verification.Head}, where the head was {before} before");
            Did();
        }
        finally
        {
            File.Delete(path);
        }
    }
}
