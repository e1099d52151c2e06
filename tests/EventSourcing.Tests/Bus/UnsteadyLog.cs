using EventSourcing.Storage;
using EventSourcing.Testing;

namespace EventSourcing.Tests.Bus;

/// <summary>A log that cannot be read a number of times.</summary>
internal sealed class UnsteadyLog(IEventLog log) : DelegatingLog(log)
{
    private int _failures;

    public int Failures
    {
        get => Volatile.Read(ref _failures);
        set => Volatile.Write(ref _failures, value);
    }

    public override async ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken)
    {
        // The read of the head, which asks for no event, is the start's: its caller repeats it.
        if ((read as AllRead)?.ThroughPosition != GlobalPosition.Start && Failures > 0)
        {
            Interlocked.Decrement(ref _failures);
            throw new StoreUnavailableException("The log is busy.");
        }

        return await Inner.ReadAsync(read, cancellationToken);
    }
}
