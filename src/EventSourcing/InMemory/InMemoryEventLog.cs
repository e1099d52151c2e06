namespace EventSourcing.InMemory;
internal sealed class InMemoryLogOptions { public TimeProvider TimeProvider { get; init; } = TimeProvider.System; }
internal sealed class InMemoryEventLog(InMemoryLogOptions o) : Storage.IEventLog
{
    public InMemoryLogOptions O => o;
    public ValueTask<AppendResult> AppendAsync(Storage.LogAppend append, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask<Storage.LogPage> ReadAsync(Storage.LogRead read, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask WaitAsync(GlobalPosition after, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask<IReadOnlyList<Storage.Record>> ReadRecordsAsync(Storage.RecordKind kind, string from, string? through, int max, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask<T> TransactAsync<T>(Func<Storage.ILogTransaction, T> work, CancellationToken cancellationToken) => throw new NotImplementedException();
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
