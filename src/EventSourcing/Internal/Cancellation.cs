namespace EventSourcing.Internal;

/// <summary>Cancels sources whose tokens user code can see. Exceptions of its callbacks are reported and never reach the loop, timer or caller that cancels.</summary>
internal static class Cancellation
{
    /// <summary>Runs the callbacks on this thread.</summary>
    internal static void CancelQuietly(this CancellationTokenSource source, Action<Exception> report)
    {
        try
        {
            source.Cancel();
        }
        catch (Exception e)
        {
            report(Thrown(e));
        }
    }

    /// <summary>Runs the callbacks on the thread pool. The task completes after them and never fails; a caller that must not wait for the user's code does not await it.</summary>
    internal static async Task CancelQuietlyAsync(this CancellationTokenSource source, Action<Exception> report)
    {
        try
        {
            await source.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            report(Thrown(e));
        }
    }

    private static Exception Thrown(Exception error) => error is AggregateException { InnerExceptions: [var one] } ? Thrown(one) : error;
}
