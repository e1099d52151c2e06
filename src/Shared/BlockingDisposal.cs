namespace EventSourcing.Internal;

/// <summary>Runs an asynchronous disposal synchronously, for containers and <c>using</c> statements.</summary>
internal static class BlockingDisposal
{
    /// <summary>The maximum time for which a log or a store blocks.</summary>
    internal static readonly TimeSpan MaxCloseTime = TimeSpan.FromSeconds(30);

    /// <summary>Starts the disposal on this thread, where calls from inside a transaction's work or a handler are recognized, and blocks until it has ended. It runs without the thread's synchronization context, so that nothing waits for this thread.</summary>
    /// <param name="dispose">The disposal.</param>
    /// <param name="maxTime">The maximum time to block.</param>
    /// <param name="name">The name of the object, for the message.</param>
    /// <exception cref="TimeoutException">The disposal has not ended in time. It continues in the background.</exception>
    internal static void Run(Func<ValueTask> dispose, TimeSpan maxTime, string name)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var disposed = dispose();
            if (disposed.IsCompletedSuccessfully) return;
            var task = disposed.AsTask();
            // Waits for the handle, because waiting for the task would wrap its exception.
            if (!((IAsyncResult)task).AsyncWaitHandle.WaitOne(maxTime))
                throw new TimeoutException($"{name} was not disposed within {maxTime.TotalSeconds:0.#} s. Its disposal continues in the background; DisposeAsync waits for its end.");
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
