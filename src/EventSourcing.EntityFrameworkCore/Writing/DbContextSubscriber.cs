using Microsoft.EntityFrameworkCore;

namespace EventSourcing.EntityFrameworkCore.Writing;

/// <summary>A projection into a context as a subscriber, which is what a host starts.</summary>
internal sealed class DbContextSubscriber<TProjection, TContext> : EventSubscriber where TProjection : DbContextProjection<TContext> where TContext : DbContext
{
    public DbContextSubscriber(TProjection projection, IDbContextFactory<TContext> contexts, TimeProvider time) : base(projection.Name)
    {
        var writer = new ProjectionWriter<TContext>(projection.Name, contexts, projection.Handlers, time);
        Options = writer.Complete(projection.Options);
        Handle(writer.Handler);
    }
}
