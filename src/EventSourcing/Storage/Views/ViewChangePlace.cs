namespace EventSourcing.Storage;

/// <summary>The place of a change among those of one table of a build. <c>default</c> lies before the first one.</summary>
/// <remarks>A file that a power cut or a copy brings back to an older state gives the same ordinals to other changes. The mark tells them apart.</remarks>
public readonly record struct ViewChangePlace
{
    /// <summary>A place.</summary>
    /// <param name="ordinal">The number of the change: the first one of a build is 1, and each is one more than that before it.</param>
    /// <param name="mark">A random number that was drawn for the transaction.</param>
    public ViewChangePlace(long ordinal, long mark) => (Ordinal, Mark) = (ordinal, mark);

    /// <summary>The number of the change: the first one of a build is 1, and each is one more than that before it. 0 before the first one.</summary>
    public long Ordinal { get; init; }

    /// <summary>A random number that was drawn for the transaction; 0 before the first change.</summary>
    public long Mark { get; init; }
}
