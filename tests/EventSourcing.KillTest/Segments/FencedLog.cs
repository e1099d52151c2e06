using EventSourcing.Storage;
using EventSourcing.Testing;

namespace EventSourcing.KillTest.Segments;

/// <summary>A log that tells when a transaction was refused because its lease had passed on.</summary>
internal sealed class FencedLog(IEventLog log, Action refused) : DelegatingLog(log)
{
    public override async ValueTask<T> TransactAsync<T>(Func<ILogTransaction, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Inner.TransactAsync(work, cancellationToken);
        }
        catch (LeaseLostException)
        {
            refused();
            throw;
        }
    }
}
