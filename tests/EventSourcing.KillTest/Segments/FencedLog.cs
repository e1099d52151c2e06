using EventSourcing.Storage;
using EventSourcing.Testing;

namespace EventSourcing.KillTest.Segments;

/// <summary>A log that tells when a write was refused because its lease had passed on.</summary>
internal sealed class FencedLog(IEventLog log, Action refused) : DelegatingLog(log)
{
    public override async ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken)
    {
        var written = await Inner.WriteAsync(write, cancellationToken);
        if (written.Refusal is { Kind: LogRefusalKind.Requirement }) refused();
        return written;
    }
}
