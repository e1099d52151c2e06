using EventSourcing.EntityFrameworkCore;
using EventSourcing.KillTest.Views;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EventSourcing.KillTest.Rows;

/// <summary>Compares the rows with a fold of the log through the checkpoint that is committed with them.</summary>
internal sealed class RowsCheck(string folder, EventStore store)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60), s_look = TimeSpan.FromMilliseconds(20);

    internal int Checks { get; private set; }

    internal int Wrong { get; private set; }

    internal int Stuck { get; private set; }

    internal async Task CompareAsync()
    {
        var (position, rows) = await ReadAsync();
        var expected = new Dictionary<string, (long Amount, int Events)>();
        await foreach (var e in store.ReadAllAsync())
        {
            if (e.Position.ToInt64() > position) break;
            var (amount, events) = expected.GetValueOrDefault(e.StreamId.Value);
            expected[e.StreamId.Value] = (amount + ((Stocked)e.Data).Amount, events + 1);
        }

        Checks++;
        var wrong = expected.Count(row => rows.GetValueOrDefault(row.Key) != row.Value) + rows.Keys.Count(id => !expected.ContainsKey(id));
        if (wrong > 0) ViewsCheck.Complain($"{wrong} rows are wrong at position {position}.");
        Wrong += wrong;
    }

    /// <summary>Waits until the checkpoint is at a position.</summary>
    internal async Task<bool> ReachesAsync(long position)
    {
        var began = TimeProvider.System.GetTimestamp();
        while ((await ReadAsync()).Position < position)
        {
            if (TimeProvider.System.GetElapsedTime(began) > s_patience)
            {
                Stuck++;
                ViewsCheck.Complain($"The rows did not come to position {position}.");
                return false;
            }

            await Task.Delay(s_look);
        }

        return true;
    }

    private async Task<(long Position, Dictionary<string, (long Amount, int Events)> Rows)> ReadAsync()
    {
        await using var context = new StockContexts(folder).CreateDbContext();
        // One snapshot of the checkpoint and the rows, without the lock for writing, which a frozen process may hold.
        await context.Database.OpenConnectionAsync();
        await using var transaction = ((SqliteConnection)context.Database.GetDbConnection()).BeginTransaction(deferred: true);
        await context.Database.UseTransactionAsync(transaction);
        var position = await context.Set<EventSourcingCheckpoint>().Select(c => c.Position).SingleOrDefaultAsync();
        return (position, await context.Stock.AsNoTracking().ToDictionaryAsync(r => r.Id, r => (r.Amount, r.Events)));
    }
}
