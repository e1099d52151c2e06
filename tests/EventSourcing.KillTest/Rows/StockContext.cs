using EventSourcing.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;

namespace EventSourcing.KillTest.Rows;

/// <summary>A row of the projection.</summary>
internal sealed class StockRow
{
    public string Id { get; set; } = "";

    public long Amount { get; set; }

    public int Events { get; set; }
}

/// <summary>The user's database.</summary>
internal sealed class StockContext(DbContextOptions<StockContext> options) : DbContext(options)
{
    internal DbSet<StockRow> Stock => Set<StockRow>();

    /// <summary>In how many transactions this context was.</summary>
    internal int Transactions { get; set; }

    internal static string FileOf(string folder) => Path.Combine(folder, "rows.db");

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddEventSourcingCheckpoints();
        modelBuilder.Entity<StockRow>();
    }
}
