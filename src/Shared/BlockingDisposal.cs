namespace EventSourcing.Internal;

/// <summary>Disposes synchronously what is disposed asynchronously, for containers and <c>using</c> statements.</summary>
internal static class BlockingDisposal
{
    /// <summary>How long a log and a store block at most.</summary>
    internal static readonly TimeSpan LongestClose = TimeSpan.FromSeconds(30);

    /// <summary>Starts the disposal on this thread, where calls from inside a transaction's work or a handler are recognized, and blocks until it has ended. It runs without the thread's synchronization context, so that nothing waits for this thread.</summary>
    /// <param name="dispose">The disposal.</param>
    /// <param name="longest">How long to block at most.</param>
    /// <param name="name">What is disposed, for the message.</param>
    /// <exception cref="TimeoutException">The disposal has not ended in time. It continues in the background.</exception>
    internal static void Run(Func<ValueTask> dispose, TimeSpan longest, string name)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var disposed = dispose();
            if (disposed.IsCompletedSuccessfully) return;
            var task = disposed.AsTask();
            // The handle is waited for, because a wait for the task would wrap its exception.
            if (!((IAsyncResult)task).AsyncWaitHandle.WaitOne(longest))
                throw new TimeoutException($"{name} was not disposed within {longest.TotalSeconds:0.#} s. Its disposal continues in the background; DisposeAsync waits for its end.");
#pragma warning disable RS0030 // It has ended: this throws what it threw, and waits for nothing.
            task.GetAwaiter().GetResult();
#pragma warning restore RS0030
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
