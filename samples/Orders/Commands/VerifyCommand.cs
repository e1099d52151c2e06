using EventSourcing;
using Orders.Views;

namespace Orders.Commands;

/// <summary><c>verify --db FILE</c>: examines a file that nobody has open, a backup for one; then compares the views in it and beside it with a replay.</summary>
internal static class VerifyCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        var db = args.Get("--db");
        return await VerifyFileAsync(db, screen, cancellationToken) && await VerifyViewsAsync(db, screen, cancellationToken) ? 0 : 1;
    }

    private static async Task<bool> VerifyFileAsync(string db, Screen screen, CancellationToken cancellationToken)
    {
        var verification = await Stores.VerifyAsync(db, cancellationToken);
        foreach (var finding in verification.Issues) await screen.Out.WriteLineAsync(Screen.OneLine(finding.ToString()));
        var journal = verification.JournalBytes > 0 ? $"; the journal beside it, {verification.JournalBytes:N0} bytes, belongs to it" : "";
        await screen.Out.WriteLineAsync(
            $"{Screen.OneLine(db)} {(verification.IsIntact ? "is intact" : "is damaged")}: {verification.Events:N0} events through position {verification.Head}, {verification.Records:N0} records{journal}");
        return verification.IsIntact;
    }

    private static async Task<bool> VerifyViewsAsync(string db, Screen screen, CancellationToken cancellationToken)
    {
        var built = await FindBuiltAsync(db, cancellationToken);
        if (built.Count == 0) return true;
        await using var store = Stores.OpenForReading(db);
        await using var views = ShopViews.On(store);
        foreach (var set in views.Sets.Where(set => built.Contains(set.Name)))
        {
            var verification = await views.VerifyAsync(set.Name, null, cancellationToken);
            await screen.Out.WriteLineAsync(Screen.OneLine(verification.Difference is { } difference
                ? $"{set} differs from a replay: {difference}"
                : $"{set} equals a replay: {verification.Documents:N0} documents through position {verification.Position}"));
            if (!verification.IsEqual) return false;
        }

        return true;
    }

    // Looked up without writing, so that a file without views, such as a backup, stays as it is.
    private static async Task<HashSet<string>> FindBuiltAsync(string db, CancellationToken cancellationToken)
    {
        await using var store = Stores.OpenReadOnly(db);
        await using var views = ShopViews.On(store);
        return [.. (await views.GetStatusAsync(cancellationToken)).Where(status => status.IsDeclared && File.Exists(status.Path)).Select(status => status.Set)];
    }
}
