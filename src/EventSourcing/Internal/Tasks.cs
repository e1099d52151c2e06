namespace EventSourcing.Internal;

internal static class Tasks
{
    /// <summary>Waits for a task whose failure is reported elsewhere, or is no longer of interest.</summary>
    internal static async Task IgnoreAsync(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Waits for all of several tasks, whether they succeed or fail. Then throws what one of them threw, or an <see cref="AggregateException"/> where several did.</summary>
    internal static async Task AfterAllAsync(IEnumerable<Task> tasks)
    {
        List<Exception>? thrown = null;
        foreach (var task in tasks.ToArray())
        {
            try
            {
                await task.ConfigureAwait(false);
            }
            catch (Exception e)
            {
                (thrown ??= []).Add(e);
            }
        }

        if (thrown is [var one]) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(one);
        if (thrown is not null) throw new AggregateException(thrown);
    }
}
