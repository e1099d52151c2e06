namespace EventSourcing.Sqlite.Waiting;

/// <summary>A disposal that happens once: every call, at the same time or later, waits for the same one and has the same outcome.</summary>
internal sealed class Disposal
{
    private TaskCompletionSource? _done;

    /// <summary>True from the first request on.</summary>
    internal bool HasBegun => Volatile.Read(ref _done) is not null;

    /// <summary>Disposes at the first call.</summary>
    internal ValueTask RunAsync(Func<Task> dispose)
    {
        var own = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new(Interlocked.CompareExchange(ref _done, own, null) is { } first ? first.Task : RunAsync(own, dispose));
    }

    private static async Task RunAsync(TaskCompletionSource done, Func<Task> dispose)
    {
        try
        {
            await dispose().ConfigureAwait(false);
            done.SetResult();
        }
        catch (Exception e)
        {
            done.SetException(e);
        }

        await done.Task.ConfigureAwait(false);
    }
}
