namespace EventSourcing.Deciding;

/// <summary>The loop of all decisions: return the result of a repeated command, or decide and append. After a conflict, decide again, up to the maximum number of attempts.</summary>
/// <remarks>
/// Decisions of one log and type map on the same stream or query take turns after their first conflict, and later decisions queue behind them. Conflicts with other logs
/// on the same file and with other processes are still possible; for them there are pauses of random length.
/// </remarks>
internal static class DecisionLoop
{
    // The pause is proportional to the duration of an attempt, with a factor that doubles with each conflict, so that the attempts of conflicting decisions spread out.
    private const int MaxDoublings = 8;
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_maxPause = TimeSpan.FromSeconds(2);

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

                // The rest needs no turn: the next decision may begin.
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
        [.. decided ?? throw new InvalidOperationException("The decision returned null. To do nothing, return no events: []")];

    /// <summary>The range of time in which the next attempt begins.</summary>
    /// <param name="conflicts">The number of conflicts, from 1. There is no pause after the first two: the first one leads to a turn, the second one is usually with a decision without a turn.</param>
    /// <param name="attempt">The duration of the last attempt.</param>
    internal static TimeSpan WindowAfter(int conflicts, TimeSpan attempt)
    {
        if (conflicts <= 2) return TimeSpan.Zero;
        var unit = attempt < s_shortest ? s_shortest : attempt;
        return unit > s_maxPause ? s_maxPause : TimeSpan.FromTicks(Math.Min(unit.Ticks << Math.Min(conflicts - 2, MaxDoublings), s_maxPause.Ticks));
    }

    // The first attempt is not measured, so that a decision without a conflict has no extra cost.
    private static async ValueTask<long> PauseAsync(ExecuteOptions options, int conflicts, long began, CancellationToken cancellationToken)
    {
        var window = WindowAfter(conflicts, conflicts == 1 ? TimeSpan.Zero : options.TimeProvider.GetElapsedTime(began));
        if (window > TimeSpan.Zero)
            await Task.Delay(window * Math.Clamp(options.Randomness(), 0, 1), options.TimeProvider, cancellationToken).ConfigureAwait(false);
        return options.TimeProvider.GetTimestamp();
    }

    // The result of the first execution of the options' command; null when it was not executed before.
    private static async ValueTask<AppendResult?> FindRepeatedAsync(IEventStore store, ExecuteOptions options, CancellationToken cancellationToken)
    {
        if (options.CommandId is null) return null;
        var found = await store.FindCommandAsync(options.CommandId, cancellationToken).ConfigureAwait(false);
        if (found is null) return null;
        return found.IsRepeatedBy(options.Fingerprint.Span) ? found.Result : throw new CommandIdConflictException(options.CommandId, found.Result);
    }
}
