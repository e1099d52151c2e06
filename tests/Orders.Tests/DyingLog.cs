using EventSourcing;
using EventSourcing.Storage;

namespace Orders.Tests;

/// <summary>A log as a process sees it that is killed: from one moment on, nothing of what it asks for happens.</summary>
internal sealed class DyingLog(IEventLog log) : IEventLog
{
    private volatile bool _isDead;

    internal void Die() => _isDead = true;

    public ValueTask<AppendResult> AppendAsync(LogAppend append, CancellationToken cancellationToken) => Living.AppendAsync(append, cancellationToken);

    public ValueTask<LogPage> ReadAsync(LogRead read, CancellationToken cancellationToken) => Living.ReadAsync(read, cancellationToken);

    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => Living.WaitAsync(after, cancellationToken);

    public ValueTask<IReadOnlyList<StoredRecord>> ReadRecordsAsync(RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) =>
        Living.ReadRecordsAsync(kind, from, through, max, cancellationToken);

    public ValueTask<LogWritten> WriteAsync(LogWrite write, CancellationToken cancellationToken) => Living.WriteAsync(write, cancellationToken);

    public ValueTask DisposeAsync() => default;

    private IEventLog Living => _isDead ? throw new ObjectDisposedException(nameof(DyingLog)) : log;
}
