namespace EventSourcing.Sqlite.Tests.Documentation;

/// <summary>The examples of docs/operations.md, as they stand there.</summary>
internal static class OperationsExample
{
    internal static async Task BackUpAsync(IEventStore store)
    {
        // <example: backup>
        var log = (SqliteEventLog)store.Log;
        var backup = await log.BackupAsync("backup/orders.db");
        Console.WriteLine($"{backup.Path}: events through position {backup.Head}, {backup.Bytes} bytes");
        // </example>
    }

    internal static async Task VerifyAsync()
    {
        // <example: verify>
        var verification = await SqliteEventLog.VerifyAsync("backup/orders.db");
        foreach (var issue in verification.Issues) Console.WriteLine(issue);
        if (!verification.IsIntact) throw new InvalidDataException("The backup is damaged.");
        Console.WriteLine($"{verification.Events} events through position {verification.Head}");
        // </example>
    }

    internal static async Task RepairAsync(SqliteEventLog log)
    {
        // <example: repair>
        var repair = await log.RepairAsync();
        foreach (var made in repair.Repaired) Console.WriteLine($"made anew: {made}");
        foreach (var left in repair.Remaining) Console.WriteLine($"left: {left}");
        // </example>
    }
}
