namespace EventSourcing.Storage;

/// <summary>A condition on one index: the value lies between two bounds. A document whose value is null meets only a condition for equality with null.</summary>
public readonly record struct ViewCondition
{
    /// <summary>A condition with two bounds.</summary>
    /// <param name="index">The index's place in <see cref="ViewTable.Indexes"/>.</param>
    /// <param name="from">The lowest value, inclusive; null for no lower bound.</param>
    /// <param name="through">The highest value, inclusive; null for no upper bound.</param>
    public ViewCondition(int index, ViewValue? from, ViewValue? through) => (Index, From, Through) = (index, from, through);

    /// <summary>The index's place in <see cref="ViewTable.Indexes"/>.</summary>
    public int Index { get; init; }

    /// <summary>The lowest value, inclusive; null for no lower bound.</summary>
    public ViewValue? From { get; init; }

    /// <summary>The highest value, inclusive; null for no upper bound.</summary>
    public ViewValue? Through { get; init; }

    /// <summary>True when a value meets the condition.</summary>
    /// <param name="value">The value.</param>
    public bool IsMetBy(ViewValue value)
    {
        if (value.Kind == ViewValueKind.Null) return From is { Kind: ViewValueKind.Null } && Through is { Kind: ViewValueKind.Null };
        return (From is not { } from || value.CompareTo(from) >= 0) && (Through is not { } through || value.CompareTo(through) <= 0);
    }
}
