using EventSourcing.Views.Serving;

namespace EventSourcing.Views.Changes;

/// <summary>Waits for new changes of a set, for all readers in this process together. Thread-safe.</summary>
/// <remarks>Where the set runs in this process, its writes wake the readers. Elsewhere one of the readers looks at the set's place for all of them at intervals.</remarks>
/// <param name="source">The set.</param>
/// <param name="context">The views.</param>
internal sealed class ChangeFeed(IChangeSource source, ViewContext context)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);

    private readonly int[] _tables = [.. source.Set.Tables.Select((table, number) => (table, number)).Where(t => t.table.MaxChanges > 0).Select(t => t.number)];
    private TaskCompletionSource _written = NewSource();
    private int _isLooking;
    // Used by the one that looks.
    private (long Build, long Changes) _seen;
    private long _lookedAt;

    /// <summary>The version of the set.</summary>
    internal int Version => source.Set.Version;

    /// <summary>Completes when something may have been written. Taken before a read: so what is written after that read completes it.</summary>
    internal Task Written => Volatile.Read(ref _written).Task;

    internal ValueTask<OpenSnapshot> OpenAsync(GlobalPosition? at, CancellationToken cancellationToken) => source.OpenAsync(at, cancellationToken);

    /// <summary>Something may have been written, or the reason to wait may be gone.</summary>
    internal void Wake() => Interlocked.Exchange(ref _written, NewSource()).TrySetResult();

    /// <summary>Waits until something may have been written.</summary>
    /// <param name="written">What <see cref="Written"/> was before the last read.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal async ValueTask WaitAsync(Task written, CancellationToken cancellationToken)
    {
        while (!written.IsCompleted)
        {
            var isWrittenHere = source.IsWrittenHere;
            await written.WaitAsync(isWrittenHere ? context.Leases.Interval : s_interval, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            // A build may have been replaced by another process.
            if (isWrittenHere) return;
            if (!written.IsCompleted) await LookAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isLooking, 1) != 0) return;
        try
        {
            if (_lookedAt != 0 && context.Time.GetElapsedTime(_lookedAt) < s_interval / 2) return;
            var found = await FindAsync(cancellationToken).ConfigureAwait(false);
            _lookedAt = Math.Max(1, context.Time.GetTimestamp());
            if (found == _seen) return;
            _seen = found;
            Wake();
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Each reader meets the error at its own read.
            Wake();
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }

    private async ValueTask<(long Build, long Changes)> FindAsync(CancellationToken cancellationToken)
    {
        using var opened = await source.TryOpenAsync(cancellationToken).ConfigureAwait(false);
        return opened is null ? default : (opened.Build.Number, _tables.Sum(table => opened.Rows.FindLastChange(table).Ordinal));
    }
}
