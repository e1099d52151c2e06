namespace EventSourcing.Aggregates;

/// <summary>The one loop of all decisions: recall a repeated command, decide, append; after a conflict decide anew, as often as the options allow.</summary>
/// <remarks>
/// Callers of one log and type map that meet at a stream or a query take turns from their first conflict on, and whoever comes meanwhile queues behind them. Against the
/// conflicts that are left, with other logs on the same file and other processes, there are pauses of random length.
/// </remarks>
internal static class DecisionLoop
{
    // The pause is measured by the time that an attempt takes, with a factor that grows with each conflict, so that those who collided come back one by one.
    private const int MaxDoublings = 8;
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(2);

    internal static async ValueTask<TOutcome> RunAsync<TOutcome>(
        IEventStore store, Decision<TOutcome> decision, ExecuteOptions options, CancellationToken cancellationToken)
    {
        if (await FindRepeatedAsync(store, options, cancellationToken).ConfigureAwait(false) is { } first)
            return await decision.RecallAsync(first, cancellationToken).ConfigureAwait(false);
        if (decision.MayHaveToQueue) decision.Enter();
        try
        {
            var (attempt, began) = (1, 0L);
            while (true)
            {
                if (await decision.DecideAsync(cancellationToken).ConfigureAwait(false) is not { } append)
                    return await decision.NothingAsync(cancellationToken).ConfigureAwait(false);
                AppendResult result;
                string? conflict = null;
                try
                {
                    result = await store.AppendAsync(append, cancellationToken).ConfigureAwait(false);
                }
                catch (EventSourcingException e) when (attempt < options.MaxAttempts && (conflict = decision.ConflictOf(e)) is not null)
                {
                    decision.Enter();
                    await decision.TakeTurnAsync(conflict, cancellationToken).ConfigureAwait(false);
                    began = await PauseAsync(options, attempt++, began, cancellationToken).ConfigureAwait(false);
                    continue;
                }

                // What follows is the caller's own: the next may begin.
                decision.EndTurn();
                return result.WasDuplicate
                    ? await decision.RecallAsync(result, cancellationToken).ConfigureAwait(false)
                    : await decision.StoredAsync(result, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            decision.EndTurn();
        }
    }

    /// <summary>The events of a decision, in order.</summary>
    /// <exception cref="InvalidOperationException">The decision is null.</exception>
    internal static object[] EventsOf(IEnumerable<object>? decided) =>
        [.. decided ?? throw new InvalidOperationException("The decision returned null; for nothing to do it returns no event.")];

    /// <summary>The window within which the next attempt begins.</summary>
    /// <param name="conflicts">How many there were, from 1. After the first two there is no pause: the first has led to a turn, the second is mostly with one who came without.</param>
    /// <param name="attempt">How long the last attempt took.</param>
    internal static TimeSpan WindowAfter(int conflicts, TimeSpan attempt)
    {
        if (conflicts <= 2) return TimeSpan.Zero;
        var unit = attempt < s_shortest ? s_shortest : attempt;
        return unit > s_longest ? s_longest : TimeSpan.FromTicks(Math.Min(unit.Ticks << Math.Min(conflicts - 2, MaxDoublings), s_longest.Ticks));
    }

    // The first attempt is not measured, so that what meets no conflict pays nothing.
    private static async ValueTask<long> PauseAsync(ExecuteOptions options, int conflicts, long began, CancellationToken cancellationToken)
    {
        var window = WindowAfter(conflicts, conflicts == 1 ? TimeSpan.Zero : options.TimeProvider.GetElapsedTime(began));
        if (window > TimeSpan.Zero)
            await Task.Delay(window * Math.Clamp(options.Randomness(), 0, 1), options.TimeProvider, cancellationToken).ConfigureAwait(false);
        return options.TimeProvider.GetTimestamp();
    }

    // The result of the first time, when the options' command was executed before; else null.
    private static async ValueTask<AppendResult?> FindRepeatedAsync(IEventStore store, ExecuteOptions options, CancellationToken cancellationToken)
    {
        if (options.CommandId is null) return null;
        var found = await store.FindCommandAsync(options.CommandId, cancellationToken).ConfigureAwait(false);
        if (found is null) return null;
        return found.IsRepeatedBy(options.Fingerprint.Span) ? found.Result : throw new CommandIdConflictException(options.CommandId, found.Result);
    }
}
