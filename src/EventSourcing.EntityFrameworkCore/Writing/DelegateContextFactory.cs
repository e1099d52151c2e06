using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore.Writing;

/// <summary>Makes contexts by a delegate.</summary>
internal sealed class DelegateContextFactory<TContext>(Func<TContext> create) : IDbContextFactory<TContext> where TContext : DbContext
{
    public TContext CreateDbContext() => create();
}
