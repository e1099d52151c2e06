using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace EventSourcing.KillTest.Rows;

/// <summary>Makes contexts, and says when one is used in a second transaction.</summary>
/// <param name="folder">The folder of the run.</param>
/// <param name="pause">How long making a context takes, after it was said.</param>
internal sealed class StockContexts(string folder, TimeSpan pause = default) : IDbContextFactory<StockContext>
{
    private readonly DbContextOptions<StockContext> _options = new DbContextOptionsBuilder<StockContext>()
        .UseSqlite($"Data Source={StockContext.FileOf(folder)};Pooling=False;Default Timeout=60").AddInterceptors(new Uses()).Options;

    public StockContext CreateDbContext() => new(_options);

    public async Task<StockContext> CreateDbContextAsync(CancellationToken cancellationToken = default)
    {
        if (pause > TimeSpan.Zero)
        {
            Console.WriteLine("making");
            await Task.Delay(pause, cancellationToken);
        }

        return CreateDbContext();
    }

    private sealed class Uses : DbTransactionInterceptor
    {
        public override ValueTask<DbTransaction> TransactionStartedAsync(DbConnection connection, TransactionEndEventData eventData, DbTransaction result, CancellationToken cancellationToken = default)
        {
            if (++((StockContext)eventData.Context!).Transactions > 1) Console.WriteLine("twice");
            return new(result);
        }
    }
}
