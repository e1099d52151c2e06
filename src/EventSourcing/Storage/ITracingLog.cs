namespace EventSourcing.Storage;

/// <summary>A log that can find the events of one operation without a read of the whole log.</summary>
/// <remarks>Optional for a log. Without it, or when it returns null, <see cref="CausationExtensions.GetCausationTreeAsync"/> reads the log.</remarks>
public interface ITracingLog
{
    /// <summary>Finds the oldest events of an operation: those with a correlation or causation id, or one event, and everything that they caused.</summary>
    /// <param name="id">The correlation or causation id; ignored when <paramref name="first"/> is given.</param>
    /// <param name="first">The one event, or null.</param>
    /// <param name="max">At most this many, 1 or more.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>Their positions, ascending; null when the log lacks the indexes for it.</returns>
    ValueTask<IReadOnlyList<GlobalPosition>?> FindTraceAsync(string id, GlobalPosition? first, int max, CancellationToken cancellationToken);
}
