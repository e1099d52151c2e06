namespace Orders.Commands;

/// <summary><c>verify --db FILE</c>: examines a file that nobody has open, a backup for one, and changes nothing.</summary>
internal static class VerifyCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        var db = args.Get("--db");
        var verification = await Stores.VerifyAsync(db, cancellationToken);
        foreach (var finding in verification.Issues) await screen.Out.WriteLineAsync(Screen.OneLine(finding.ToString()));
        var journal = verification.JournalBytes > 0 ? $"; the journal beside it, {verification.JournalBytes:N0} bytes, belongs to it" : "";
        await screen.Out.WriteLineAsync(
            $"{Screen.OneLine(db)} {(verification.IsIntact ? "is intact" : "is damaged")}: {verification.Events:N0} events through position {verification.Head}, {verification.Records:N0} records{journal}");
        return verification.IsIntact ? 0 : 1;
    }
}
