namespace EventSourcing;

/// <summary>One or more streams were not at the version that an append expected. Nothing was written.</summary>
public sealed class WrongExpectedVersionException : ConcurrencyException
{
    /// <summary>Reports every failing stream at once.</summary>
    /// <param name="mismatches">At least one, in the order of the append's writes, then checks.</param>
    public WrongExpectedVersionException(IReadOnlyList<VersionMismatch> mismatches)
        : base("Nothing was written. " + string.Join("; ", mismatches ?? throw new ArgumentNullException(nameof(mismatches)))) =>
        Mismatches = [.. mismatches];

    /// <summary>Every stream that failed, with what was expected and what was found; at least one.</summary>
    public IReadOnlyList<VersionMismatch> Mismatches { get; }

    /// <summary>The first failing stream.</summary>
    public StreamId StreamId => Mismatches[0].StreamId;

    /// <summary>What the append expected of <see cref="StreamId"/>.</summary>
    public ExpectedVersion Expected => Mismatches[0].Expected;

    /// <summary>The version of the last event of <see cref="StreamId"/>, 0 where there is none.</summary>
    public long Actual => Mismatches[0].Actual;
}
