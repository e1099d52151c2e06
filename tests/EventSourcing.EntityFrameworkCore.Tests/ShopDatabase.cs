using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace EventSourcing.EntityFrameworkCore.Tests;

/// <summary>A SQLite database of the user, in a file of its own. Counts its contexts: how many were made, how many were disposed, and in how many transactions each was.</summary>
internal sealed class ShopDatabase : IDbContextFactory<ShopContext>, IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"shop-{Guid.NewGuid():N}.db");
    private readonly ConcurrentDictionary<DbContext, int> _transactions = new(ReferenceEqualityComparer.Instance);
    private readonly DbContextOptions<ShopContext> _options;
    private int _made;

    internal ShopDatabase(bool retries = false)
    {
        _options = new DbContextOptionsBuilder<ShopContext>()
            .UseSqlite(ConnectionString, o => { if (retries) o.ExecutionStrategy(dependencies => new RetryTwice(dependencies)); })
            .AddInterceptors(new Transactions(this)).Options;
        using var context = new ShopContext(_options);
        context.Database.EnsureCreated();
    }

    internal string ConnectionString => $"Data Source={_file};Pooling=False";

    /// <summary>Called before a transaction is committed, and after it was committed; may throw.</summary>
    internal Action? Committing { get; set; }

    internal Action? Committed { get; set; }

    /// <summary>Called before a context is made; may wait.</summary>
    internal Func<Task>? Making { get; set; }

    public ShopContext CreateDbContext()
    {
        Interlocked.Increment(ref _made);
        var context = new ShopContext(_options);
        _transactions[context] = 0;
        return context;
    }

    public async Task<ShopContext> CreateDbContextAsync(CancellationToken cancellationToken = default)
    {
        if (Making is { } making) await making();
        return CreateDbContext();
    }

    internal ShopContext Read() => new(_options);

    internal async Task<EventSourcingCheckpoint> CheckpointAsync()
    {
        await using var context = Read();
        return await context.Set<EventSourcingCheckpoint>().SingleAsync();
    }

    /// <summary>Each order was placed and paid exactly once.</summary>
    internal async Task VerifyAsync(int orders)
    {
        await using var context = Read();
        (await context.Orders.OrderBy(o => o.Total).Select(o => new { o.Total, o.Paid, o.Payments }).ToListAsync())
            .Should().Equal(Enumerable.Range(0, orders).Select(i => new { Total = (long)i, Paid = 3L, Payments = 2 }));
    }

    /// <summary>No context is alive, and none was in two transactions.</summary>
    internal void VerifyContexts()
    {
        _made.Should().BePositive();
        foreach (var (context, transactions) in _transactions)
        {
            transactions.Should().BeLessThanOrEqualTo(1);
            context.Invoking(c => c.Model).Should().Throw<ObjectDisposedException>();
        }
    }

    public void Dispose() => File.Delete(_file);

    private sealed class Transactions(ShopDatabase database) : DbTransactionInterceptor
    {
        public override ValueTask<System.Data.Common.DbTransaction> TransactionStartedAsync(
            System.Data.Common.DbConnection connection, TransactionEndEventData eventData, System.Data.Common.DbTransaction result, CancellationToken cancellationToken = default)
        {
            database._transactions.AddOrUpdate(eventData.Context!, 1, (_, count) => count + 1);
            return new(result);
        }

        public override ValueTask<InterceptionResult> TransactionCommittingAsync(
            System.Data.Common.DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
        {
            database.Committing?.Invoke();
            return new(result);
        }

        public override Task TransactionCommittedAsync(System.Data.Common.DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            database.Committed?.Invoke();
            return Task.CompletedTask;
        }
    }

    private sealed class RetryTwice(Microsoft.EntityFrameworkCore.Storage.ExecutionStrategyDependencies dependencies)
        : Microsoft.EntityFrameworkCore.Storage.ExecutionStrategy(dependencies, 2, TimeSpan.FromMilliseconds(1))
    {
        protected override bool ShouldRetryOn(Exception exception) => exception is TimeoutException;
    }
}
