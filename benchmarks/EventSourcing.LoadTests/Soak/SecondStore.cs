using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>A store of its own on the same file: opened, used by two threads, and disposed by both at once while others use it, again and again.</summary>
internal sealed class SecondStore(int number, SoakedLog log) : Actor($"second store {number}", "stores opened", log)
{
    private const int Threads = 2, Users = 4;

    protected override async ValueTask StepAsync(CancellationToken stop)
    {
        var store = SqliteEventStore.Open(Log.Path, SoakEvents.Types);
        Task[] users = [.. Enumerable.Range(0, Users).Select(i => Task.Run(() => UseAsync(store, i % 2 == 0), CancellationToken.None))];
        using var together = new Barrier(Threads);
        var uses = Random.Shared.Next(20);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(_ => Task.Factory.StartNew(() => UseAndDispose(store, uses, together), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        await Task.WhenAll(users);
        Did();
        await RestAsync(50, 300, stop);
    }

    private void UseAndDispose(EventStore store, int uses, Barrier together)
    {
        for (var i = 0; i < uses; i++) Log.AppendBlocking(store, Name);
        together.SignalAndWait();
        store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        try
        {
            Log.AppendBlocking(store, Name);
            Fault("appends to a store that it has disposed");
        }
        catch (ObjectDisposedException)
        {
            // Expected: the end is waited for, by both.
        }
    }

    /// <summary>Until the store is disposed under it: an answer before that is kept, an exception means that nothing was stored.</summary>
    private async Task UseAsync(EventStore store, bool isAppending)
    {
        try
        {
            while (true)
            {
                if (isAppending)
                {
                    var events = Log.Make(1, Name);
                    Log.Acknowledge(events, await store.AppendAsync(SoakEvents.AnyStream(), ExpectedVersion.Any, events));
                }
                else
                {
                    await foreach (var _ in store.ReadStreamAsync(SoakEvents.AnyStream(), new() { MaxCount = 100 }))
                    {
                    }
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Expected.
        }
    }
}
