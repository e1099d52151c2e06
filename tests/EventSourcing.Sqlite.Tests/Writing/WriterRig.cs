using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Waiting;
using EventSourcing.Sqlite.Writing;
using EventSourcing.Storage;

namespace EventSourcing.Sqlite.Tests.Writing;

/// <summary>A writer whose every collaborator can be made to fail.</summary>
internal sealed class WriterRig : IAsyncDisposable
{
    private readonly SqliteOptions _options;
    private int _opened;

    private WriterRig(TemporaryFile temporary, FaultyClock clock, SqliteOptions options, Action<Action>? startThread)
    {
        (File, Clock, _options) = (temporary, clock, options);
        var file = new StoreFile(File.Path, Clock);
        PositionalIds ids;
        using (var database = Database.Writer(File.Path, mustExist: true)) ids = LogFacts.IdsOf(database, File.Path);
        WriteTransaction Open(bool forUserCode)
        {
            Interlocked.Increment(ref _opened);
            OnOpen?.Invoke();
            return WriterConnections.Open(file, new(File.Path), _options, ids, new(), new(File.Path), forUserCode);
        }

        Writer = new(file, _options, new(file, null, () => Open(false)), new(file, null, () => Open(true)), Signal, new(AskOthers), startThread ?? Writer.StartThread);
    }

    internal TemporaryFile File { get; }

    internal FaultyClock Clock { get; }

    internal CommitSignal Signal { get; } = new();

    internal Writer Writer { get; }

    internal int Opened => Volatile.Read(ref _opened);

    internal Action? OnOpen { get; set; }

    internal Action? OnOthers { get; set; }

    internal static async Task<WriterRig> CreateAsync(Action<Action>? startThread = null, TimeSpan? busyTimeout = null)
    {
        var file = new TemporaryFile();
        await SqliteEventLog.Open(file.Path).DisposeAsync();
        var clock = new FaultyClock();
        return new(file, clock, new() { TimeProvider = clock, BusyTimeout = busyTimeout ?? TimeSpan.FromSeconds(15) }, startThread);
    }

    internal Task<AppendResult> AppendAsync(int number, CancellationToken cancellationToken = default) => Writer.AppendAsync(
        new() { Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new LogEvent[] { new() { Type = "t", Id = IdOf(number) } }) } }, cancellationToken).AsTask();

    /// <summary>Holds the writer's thread while calls are queued, so that they are one group.</summary>
    internal async Task<Task[]> QueueAsGroupAsync(Func<Task[]> queue, Action armed)
    {
        using var release = new ManualResetEventSlim();
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holding = Writer.RunAsync(_ =>
        {
            held.SetResult();
            return release.Wait(TimeSpan.FromSeconds(60));
        }, default).AsTask();
        await held.Task;
        var calls = queue();
        release.Set();
        armed();
        await holding;
        return calls;
    }

    /// <summary>The numbers of the events that are stored.</summary>
    internal async Task<int[]> StoredAsync()
    {
        await using var log = SqliteEventLog.Open(File.Path);
        using var page = await log.ReadAsync(new AllRead(), default);
        return [.. page.Events.ToArray().Select(e => BitConverter.ToInt32(e.Id.ToByteArray()))];
    }

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        File.Dispose();
    }

    private static Guid IdOf(int number) => new(number, 0, 1, new byte[8]);

    private bool AskOthers()
    {
        OnOthers?.Invoke();
        return false;
    }
}
